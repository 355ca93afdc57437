"""`thoth-storages verify`: whether the graph holds what documents say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..exceptions import ThothStorageException

if TYPE_CHECKING:
    from ..verify import Difference, VerifyCounts, VerifyReport


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path(path_type=Path))
@click.option("--from-store", is_flag=True, help="Take the documents from the object store, not from files.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Documents of this kind alone; several times.")
@click.option("--partial", is_flag=True, help="PATHs are not all documents: runs of others are no difference.")
@click.option("--sample", type=click.IntRange(1), help="No more than so many documents, drawn by chance.")
@click.option("--seed", type=int, help="Draw the sample that was drawn with this seed.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Batches compared at once.")
@click.pass_context
def verify(
    context: click.Context,
    paths: tuple[Path, ...],
    from_store: bool,
    kinds: tuple[str, ...],
    partial: bool,
    sample: int | None,
    seed: int | None,
    workers: int,
) -> None:
    """Compare what the graph holds with what documents say: those of files and folders, or of the object store.

    Each difference is a line of six fields, separated by tabs: document, table, what ("missing", "unsupported",
    "differs", "dangling", "unused", "unreadable"), key, expected, found; the last three as JSON, "-" for nothing. A
    table of counts follows. Nothing is written to the graph.

    PATHs are taken for all documents of the kinds that are among them: a run in the graph without a document is a
    difference, unless --partial or --sample is given.

    The exit status is 0 when there is no difference, 1 when there is one, 2 when the comparison failed.

    \b
    Example:
      thoth-storages verify examples/solver-documents
      thoth-storages verify --partial result.json
      thoth-storages verify --from-store --kind solver --sample 1000 --seed 7
    """
    if bool(paths) == from_store:
        raise click.UsageError("give either PATHs or --from-store")
    if partial and from_store:
        raise click.UsageError("--partial goes with PATHs")
    if seed is not None and sample is None:
        raise click.UsageError("--seed goes with --sample")
    options: dict[str, Any] = {"kinds": kinds or None, "sample": sample, "seed": seed, "workers": workers}
    try:
        report = _verified(paths, from_store, partial, options)
    except (ThothStorageException, ValueError) as error:
        if context.find_root().params["verbose"]:
            raise
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        raise SystemExit(2) from None
    _print(report)
    if not report.is_clean:
        raise SystemExit(1)


def _verified(paths: tuple[Path, ...], from_store: bool, partial: bool, options: dict[str, Any]) -> VerifyReport:
    from ..documents.local import find_files
    from ..sync import count_stored_documents, kinds_named
    from ..verify import verify_local_documents, verify_stored_documents
    from .progress import progress_bar

    sample = options["sample"]
    files = [] if from_store else find_files(paths)
    with progress_bar() as bar:
        total = sample
        if not bar.disable and sample is None:
            wanted = dict.fromkeys(kind.name for kind in kinds_named(options["kinds"])) if options["kinds"] else None
            sizes = (file.stat().st_size for file in files)
            total = count_stored_documents(wanted) if from_store else sum(sizes)
        task = bar.add_task("documents", total=total)

        def advance(advanced: int, counts: VerifyCounts) -> None:
            bar.update(task, advance=1 if sample is not None else advanced, description=f"{counts.documents} documents")

        options = {**options, "progress": advance, "on_difference": _print_difference}
        if from_store:
            return verify_stored_documents(**options)
        return verify_local_documents(files, partial=partial, **options)


def _print_difference(difference: Difference) -> None:
    click.echo(str(difference))


def _print(report: VerifyReport) -> None:
    names = ("documents", "facts", "missing", "unsupported", "differing", "unreadable")
    click.echo(f"{'kind':20} " + " ".join(f"{name:>11}" for name in names))
    rows = [*sorted(report.counts.items()), *([("total", report.total)] if len(report.counts) > 1 else [])]
    for kind, counts in rows:
        click.echo(f"{kind:20} " + " ".join(f"{getattr(counts, name):11}" for name in names))
    if report.seed is not None:
        click.echo(f"sample drawn with --seed {report.seed}")
