"""Cache files: made, opened, how large they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..corpus import ROOT
from ..large import LARGE_EDGES, LARGE_VERSIONS, large_names
from ..measure import LIBRARY, Subject, timed
from ..recorded import recorded, replay
from ..registry import Benchmark, group
from ..targets import holds, size, under
from ..workspace import Workspace

_ROOT = Path(__file__).parents[2]
_BARE = "sqlite3"


@group("cache-build")
def build(workspace: Workspace) -> Iterator[Benchmark]:
    """Of one package and what it depends on, and of all packages."""
    names = sorted(workspace.corpus.catalogue.packages)
    yield _build(workspace, "cache-build", f"cache file of {ROOT} and what it depends on", [ROOT], 1.0)
    yield _build(workspace, "cache-build-all", f"cache file of all {len(names)} packages", names, 60.0)


def _build(workspace: Workspace, name: str, title: str, names: list[str], seconds: float) -> Benchmark:
    report: Any = None

    def work() -> None:
        nonlocal report
        path = workspace.temporary / f"{name}.sqlite3"
        path.unlink(missing_ok=True)
        report = workspace.build(path, names)
        library.rows = report.edges_written
        library.note = f"{report.cache_file_size / max(1, report.edges_written):.2f} bytes an edge"

    library = Subject(LIBRARY, timed(work))
    sent = recorded(workspace.graph, work)
    library.statements = len(sent)
    bare = Subject("its statements alone", timed(lambda: replay(workspace.connection, sent)), len(sent), library.rows)

    return Benchmark(name, title, [library, bare], [under(seconds)], "edges")


@group("cache-open")
def open_file(workspace: Workspace) -> Iterator[Benchmark]:
    """Of all packages of the corpus; with ``--large``, of a million versions."""

    def all_packages(path: Path) -> object:
        return workspace.build(path, sorted(workspace.corpus.catalogue.packages))

    yield _opening(workspace.kept_file("all", all_packages), "open-all", "of all packages")


@group("cache-large")
def large(workspace: Workspace) -> Iterator[Benchmark]:
    """A file of a million versions and ten million edges; only with ``--large``."""
    if not workspace.options.large:
        return
    path = workspace.temporary / "large.sqlite3"
    reports: list[Any] = []

    def work() -> None:
        path.unlink(missing_ok=True)
        reports.append(workspace.build_large(path, large_names()))
        library.rows = reports[-1].edges_written

    library = Subject(LIBRARY, timed(work), 2, rounds=1)

    def an_edge() -> float:
        return float(path.stat().st_size / reports[-1].edges_written)

    sizes = holds("at most 3 bytes an edge", 3, an_edge, "{:.2f} bytes an edge".format)
    title = f"cache file of {LARGE_VERSIONS:,} versions and {LARGE_EDGES:,} edges"
    yield Benchmark("large-build", title, [library], [under(60), sizes], "edges")
    yield _opening(path, "open-large", f"of {LARGE_VERSIONS:,} versions")


def _opening(path: Path, name: str, of: str) -> Benchmark:
    library = Subject(LIBRARY, lambda: 0.0)
    bare = Subject(_BARE, lambda: 0.0)
    library.run, bare.run = _opened(path, library, "library"), _opened(path, bare, "sqlite3")
    memory = holds("resident memory up by less than 2 MB", 2e6, lambda: library.resident, size)
    title = f"opening a cache file {of} ({size(path.stat().st_size)})"
    return Benchmark(name, title, [library, bare], [under(0.002), memory])


def _opened(path: Path, subject: Subject, how: str) -> Callable[[], float]:
    def run() -> float:
        command = [sys.executable, "-m", "benchmarks.opening", str(path), how]
        result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT)
        seconds, subject.resident = json.loads(result.stdout)
        subject.note = f"{size(subject.resident or 0)} more resident"
        return float(seconds)

    return run
