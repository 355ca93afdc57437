"""Results of runs, kept as JSON, so that one page shows several scales."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from .measure import Outcome
from .registry import Benchmark

VERSION = 1


@dataclass
class Verdict:
    """A target, and what came of it."""

    text: str
    measured: str
    met: bool | None
    bare: str = ""
    """What the bare subject measured by the same target."""


@dataclass
class Result:
    """What was measured of one benchmark."""

    name: str
    title: str
    group: str
    rows: str
    outcomes: list[Outcome]
    verdicts: list[Verdict]
    load: float = 0.0
    """Processes that wanted to run when the run began, in the mean of a quarter of an hour."""


@dataclass
class Facts:
    """Where, when and of what."""

    documents: int
    seed: int
    rounds: int
    edges: int
    requirements: int
    packages: int
    date: str
    cpus: int
    memory: int
    """Bytes."""
    python: str
    postgresql: str
    sqlalchemy: str
    system: str
    library: str
    load: float = 0.0
    """That of the results; of several runs, the most."""
    database_size: int = 0
    """Bytes of the database that holds all documents, 0 when none was needed."""


@dataclass
class Run:
    """One run."""

    facts: Facts
    results: list[Result] = field(default_factory=list)


def result_of(benchmark: Benchmark, group: str, outcomes: list[Outcome], load: float) -> Result:
    """Judge what was measured."""
    by_label = {outcome.label: outcome for outcome in outcomes if outcome.seconds}
    verdicts = [
        Verdict(target.text, *target.verdict(by_label), target.of_bare(by_label, benchmark.bare))
        for target in benchmark.targets
    ]
    return Result(benchmark.name, benchmark.title, group, benchmark.rows, list(by_label.values()), verdicts, load)


def machine() -> dict[str, Any]:
    """Return what is known of the machine and its Python."""
    memory = 0
    with suppress(ValueError, OSError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "load": round(os.getloadavg()[2], 1),
        "cpus": len(os.sched_getaffinity(0)),
        "memory": memory,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def save(run: Run, path: Path) -> None:
    """Keep a run; what it did not measure stays as an earlier run of the same documents had it."""
    if path.exists():
        with suppress(msgspec.MsgspecError):
            earlier = load(path)
            measured = {result.name for result in run.results}
            kept = [result for result in earlier.results if result.name not in measured]
            results = [*kept, *run.results]
            run = Run(replace(run.facts, load=max(result.load for result in results)), results)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(asdict(run)), indent=1))


def load(path: Path) -> Run:
    """Return a run.

    Raises:
        msgspec.MsgspecError: the file is not that of a run.

    """
    return msgspec.json.decode(path.read_bytes(), type=Run)


def tell(result: Result) -> None:
    """Print what was measured, in short."""
    from .targets import duration

    print(f"{result.title}", file=sys.stderr)
    for outcome in result.outcomes:
        print(f"    {outcome.label:32} {duration(outcome.median):>10} {outcome.note}", file=sys.stderr)
    for verdict in result.verdicts:
        met = {True: "met", False: "NOT MET", None: "-"}[verdict.met]
        print(f"    {met:8} {verdict.text}: {verdict.measured}", file=sys.stderr, flush=True)
