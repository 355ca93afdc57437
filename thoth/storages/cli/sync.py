"""`thoth-storages sync`: documents into the graph."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Say anew what is in the graph already.")
@click.option("--graceful", is_flag=True, help="Go on when a document fails; the exit status is 1 all the same.")
def sync(paths: tuple[Path, ...], force: bool, graceful: bool) -> None:
    """Put the documents of files and folders into the graph.

    A file holds one JSON document, or one a line when its name ends in ".jsonl"; either may be packed (".gz"). The
    kind of a document is told from the document itself.

    \b
    Example:
      thoth-storages sync examples/solver-documents
      thoth-storages sync --graceful result.json more/*.jsonl.gz
    """
    from ..documents.local import find_files
    from ..sync import SyncCounts, sync_local_documents
    from .progress import progress_bar

    files = find_files(paths)
    started = time.monotonic()
    with progress_bar() as bar:
        task = bar.add_task("documents", total=sum(file.stat().st_size for file in files))

        def tell(advanced: int, counts: SyncCounts) -> None:
            rate = counts.processed / (time.monotonic() - started)
            bar.update(task, advance=advanced, description=f"{counts.processed} documents, {rate:.0f} a second")

        report = sync_local_documents(files, force=force, graceful=graceful, progress=tell)
    _print(report.counts, report.total)
    if report.failures:
        raise SystemExit(1)


def _print(by_kind: Mapping[str, tuple[int, ...]], total: tuple[int, ...]) -> None:
    header = f"{'kind':20} {'processed':>10} {'synced':>10} {'skipped':>10} {'failed':>10}"
    click.echo(header)
    rows = [*sorted(by_kind.items()), *([("total", total)] if len(by_kind) > 1 else [])]
    for kind, counts in rows:
        click.echo(f"{kind:20} " + " ".join(f"{count:10}" for count in counts))
