"""The command: run benchmarks, and write the page and the picture."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import sqlalchemy
from sqlalchemy import text

from thoth.storages import __version__
from thoth.storages.exceptions import ThothStorageException

from .cases import ORDER
from .chart import growth_picture, picture
from .corpus import DOCUMENTS
from .measure import interleaved
from .registry import GROUPS
from .report import page
from .results import Facts, Result, Run, load, machine, result_of, save, tell
from .workspace import Options, Workspace

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parse(arguments)
    documents = options.documents or DOCUMENTS * options.scale
    settings = Options(
        options.folder,
        documents,
        options.seed,
        options.rounds,
        not options.without_released,
        documents if options.full else options.released_documents,
        options.written,
        options.large,
    )
    started = time.monotonic()
    try:
        measure(settings, options.only or ORDER)
    except ThothStorageException as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    write(options.folder, options.seed, options.output)
    print(f"{options.output}: written after {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


def measure(options: Options, groups: Sequence[str]) -> None:
    """Run groups of benchmarks, and keep what each of them measured."""
    kept = options.folder / f"results_{options.documents}_{options.seed}.json"
    with Workspace(options) as workspace:
        facts = _facts(workspace)
        for name in groups:
            started = time.monotonic()
            results: list[Result] = []
            for benchmark in GROUPS[name](workspace):
                outcomes = interleaved(benchmark.subjects, options.rounds)
                results.append(result_of(benchmark, name, outcomes, facts.load))
                tell(results[-1])
            save(Run(facts, results), kept)
            print(f"-- {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def write(folder: Path, seed: int, output: Path) -> None:
    """Write the page, from what was measured of each number of documents, and its pictures."""
    runs = []
    for path in folder.glob(f"results_*_{seed}.json"):
        try:
            runs.append(load(path))
        except msgspec.MsgspecError as error:
            print(f"benchmarks: {path}: of another version, left out: {error}", file=sys.stderr)
    for run in runs:
        run.results.sort(key=lambda result: ORDER.index(result.group))
    runs.sort(key=lambda run: run.facts.documents)
    drawn = output.with_suffix(".svg")
    drawn.write_text(picture(runs[0]), encoding="utf-8")
    grown = output.with_name(f"{output.stem}-growth.svg")
    grown.unlink(missing_ok=True)
    if len(runs) > 1:
        grown.write_text(growth_picture(runs), encoding="utf-8")
    output.write_text(page(runs, drawn.name, grown.name), encoding="utf-8")


def _facts(workspace: Workspace) -> Facts:
    with workspace.graph.engine.connect() as connection:
        version = str(connection.scalar(text("SHOW server_version"))).split()[0]
        size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
        requirements = connection.scalar(text("SELECT count(*) FROM depends_on")) or 0
        edges = connection.scalar(
            text(
                "SELECT sum(cardinality(python_release_ids)) FROM depends_on "
                "JOIN version_set ON version_set.id = version_set_id WHERE marker_evaluation_result IS NOT false"
            )
        )
    return Facts(
        workspace.options.documents,
        workspace.options.seed,
        workspace.options.rounds,
        int(edges or 0),
        requirements,
        len(workspace.corpus.catalogue.packages),
        postgresql=version,
        sqlalchemy=sqlalchemy.__version__,
        library=__version__,
        database_size=size,
        **machine(),
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, choices=(1, 5, 50), default=1, help="times 2,000 documents")
    parser.add_argument("--documents", type=int, help="so many documents, whatever the scale")
    parser.add_argument("--seed", type=int, default=0, help="what documents are drawn from")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured")
    parser.add_argument("--only", nargs="+", choices=ORDER, metavar="GROUP", help=f"of {', '.join(ORDER)}")
    parser.add_argument("--without-released", action="store_true", help="leave 0.74.1 out")
    parser.add_argument(
        "--released-documents", type=int, default=40, help="how many documents 0.74.1 syncs, half a second each"
    )
    parser.add_argument("--written", type=int, default=500, help="how many documents are written one by one")
    parser.add_argument("--full", action="store_true", help="let 0.74.1 sync all documents: a quarter of an hour")
    parser.add_argument("--large", action="store_true", help="make the cache file of a million versions, too")
    parser.add_argument("--folder", type=Path, default=ROOT / ".benchmarks", help="of what stays between runs")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.rst", help="the page to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
