"""`thoth-storages sync`: documents into the graph."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress as ProgressBar

    from ..sync import Failure, Progress, SyncCounts, SyncReport


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path(path_type=Path))
@click.option("--from-store", is_flag=True, help="Take the documents from the object store, not from files.")
@click.option("--from-amun", metavar="URL", help="Take inspections from Amun, into the graph and on the object store.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="From the store: this kind alone; several times.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Not from files: this document alone; several times.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From the store: those from this day on (UTC).")
@click.option("--retry", type=click.Path(path_type=Path), help="Those that failed alone, a file of --failed-to.")
@click.option("--failed-to", type=click.Path(path_type=Path), help="Write the documents that fail to this file.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Groups written at once.")
@click.option("--force", is_flag=True, help="Say anew what is in the graph already.")
@click.option("--graceful", is_flag=True, help="Go on when a document fails; the exit status is 1 all the same.")
def sync(
    paths: tuple[Path, ...],
    from_store: bool,
    from_amun: str | None,
    kinds: tuple[str, ...],
    ids: tuple[str, ...],
    since: dt.datetime | None,
    retry: Path | None,
    failed_to: Path | None,
    workers: int,
    force: bool,
    graceful: bool,
) -> None:
    """Put documents into the graph: those of files and folders, those of the object store, or inspections of Amun.

    A file holds one JSON document, or one a line when its name ends in ".jsonl"; either may be packed (".gz"). The
    kind of a document is told from the document itself. From Amun come the inspections that Dependency Monkey asked
    for and that are not in yet, or those of --id, when they are finished. Ctrl-C finishes the documents in flight.

    \b
    Example:
      thoth-storages sync examples/solver-documents
      thoth-storages sync --graceful --failed-to failed.jsonl result.json more/*.jsonl.gz
      thoth-storages sync --from-store --kind solver --since 2021-07-01 --workers 2
      thoth-storages sync --from-amun https://amun.example.com/api/v1 --graceful
    """
    from ..sync import SyncInterrupted, failure_writer, kinds_named, read_failures
    from .progress import progress_bar

    if bool(paths) + from_store + bool(from_amun) not in ((0, 1) if retry is not None else (1,)):
        raise click.UsageError("give either PATHs or --from-store or --from-amun")
    if (kinds or since) and (not from_store or retry is not None):
        raise click.UsageError("--kind and --since go with --from-store, without --retry")
    if ids and (not (from_store or from_amun) or retry is not None):
        raise click.UsageError("--id goes with --from-store or --from-amun, without --retry")
    if paths and retry is not None:
        raise click.UsageError("--retry names the documents already")
    if retry is not None and failed_to is not None and retry.resolve() == failed_to.resolve():
        raise click.UsageError("--failed-to: is the file of --retry, which would be lost if this broke off")
    failures = None if retry is None else list(read_failures(retry))
    wanted = dict.fromkeys(kind.name for kind in kinds_named(kinds)) if kinds else None
    with progress_bar() as bar:
        options: dict[str, Any] = {
            "force": force,
            "graceful": graceful,
            "workers": workers,
            "on_failure": None if failed_to is None else failure_writer(failed_to),
        }
        try:
            if from_store:
                report = _sync_stored(bar, wanted, ids, since, failures, options)
            elif from_amun:
                report = _sync_amun(bar, from_amun, ids, failures, options)
            else:
                report = _sync_local(bar, paths, failures, options)
        except SyncInterrupted as interrupted:
            report = interrupted.report
            status = 130
        else:
            status = 1 if report.failures else 0
    _print(report)
    if status:
        raise SystemExit(status)


def _sync_local(
    bar: ProgressBar, paths: Sequence[Path], failures: Sequence[Failure] | None, options: Mapping[str, Any]
) -> SyncReport:
    from ..documents.local import find_files
    from ..sync import sync_local_documents

    lines: dict[Path, set[int | None]] = {}
    for failure in failures or ():
        lines.setdefault(Path(failure.document), set()).add(failure.line)
    files = find_files(paths if failures is None else lines)
    progress = _shown(bar, sum(file.stat().st_size for file in files))
    return sync_local_documents(files, lines=None if failures is None else lines, progress=progress, **options)


def _sync_stored(
    bar: ProgressBar,
    wanted: Mapping[str, None] | None,
    ids: Sequence[str],
    since: dt.datetime | None,
    failures: Sequence[Failure] | None,
    options: Mapping[str, Any],
) -> SyncReport:
    from ..sync import KINDS, count_stored_documents, sync_stored_documents

    of_kind: dict[str, list[str] | None] | None = None
    if failures is not None:
        known = {failure.kind: None for failure in failures if failure.kind in KINDS}
        of_kind = {name: [one.document for one in failures if one.kind == name] for name in known}
        ids = [failure.document for failure in failures if failure.kind not in KINDS]
    elif ids and wanted:
        if len(wanted) > 1:
            raise click.UsageError("--id: of which --kind? give one")
        of_kind, ids = {name: list(ids) for name in wanted}, ()
    elif wanted:
        of_kind = dict(wanted)
    elif ids:
        of_kind = {}
    day = None if since is None else since.date()
    # Counting lists the whole store once more: only for somebody who looks at it.
    total = None if bar.disable else count_stored_documents(of_kind, ids, since=day)
    return sync_stored_documents(of_kind, ids, since=day, progress=_shown(bar, total), **options)


def _sync_amun(
    bar: ProgressBar,
    url: str,
    ids: Sequence[str],
    failures: Sequence[Failure] | None,
    options: Mapping[str, Any],
) -> SyncReport:
    from ..sync import sync_amun_inspections

    named: Sequence[str] | None = ids or None
    if failures is not None:
        named = [failure.document for failure in failures]
    total = None if named is None else len(set(named))
    return sync_amun_inspections(url, named, progress=_shown(bar, total), **options)


def _shown(bar: ProgressBar, total: int | None) -> Progress:
    """Return what shows progress: how many documents, how many a second, and the time left."""
    started = time.monotonic()
    task = bar.add_task("documents", total=total)

    def tell(advanced: int, counts: SyncCounts) -> None:
        rate = counts.processed / (time.monotonic() - started)
        bar.update(task, advance=advanced, description=f"{counts.processed} documents, {rate:.0f} a second")

    return tell


def _print(report: SyncReport) -> None:
    click.echo(f"{'kind':20} {'processed':>10} {'synced':>10} {'skipped':>10} {'failed':>10}")
    rows = [*sorted(report.counts.items()), *([("total", report.total)] if len(report.counts) > 1 else [])]
    for kind, counts in rows:
        click.echo(f"{kind:20} " + " ".join(f"{count:10}" for count in counts))
