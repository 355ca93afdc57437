"""Some documents of a kind, compared with what the graph holds of them: a statement a table, in one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table

from ..documents.kinds import SOLVER
from ..exceptions import ThothStorageException
from ..graph import GraphDatabase
from ..graph.natural_rows import natural_key
from .facts import Fact, Facts, Key, Row, differing_columns
from .held import (
    Held,
    members_of_content,
    not_the_latest,
    rows_of_content,
    rows_of_documents,
    tables_of_content,
    tables_of_facts,
)
from .kinds import READINGS
from .report import DIFFERS, MISSING, UNREADABLE, UNSUPPORTED, Difference, VerifyCounts

_Owner = Callable[[Key, Row], str | None]
"""From a row that is held, and that no document told, to the document that it belongs to; None when to none of them."""


@dataclass
class Batch:
    """Documents of one kind, and what the comparison with the graph told."""

    kind: str
    documents: list[tuple[Any, list[Key]]] = field(default_factory=list)
    """What each document states, and the runs that it is taken for."""
    counts: VerifyCounts = VerifyCounts()
    differences: list[Difference] = field(default_factory=list)


def verify_batch(graph: GraphDatabase, batch: Batch) -> Batch:
    """Compare the documents of a batch with the graph; return the batch with counts and differences."""
    with graph.snapshot() as connection:
        differences, counts = _Comparison(connection, batch).differences()
    return Batch(batch.kind, [], counts, differences)


class _Comparison:
    """Compares the documents of a batch with one state of the graph."""

    def __init__(self, connection: Connection, batch: Batch) -> None:
        self._connection = connection
        self._kind = batch.kind
        self._documents = batch.documents
        self._run = READINGS[batch.kind].table
        self._facts = Facts()

    def differences(self) -> tuple[list[Difference], VerifyCounts]:
        """Return all differences, and how much was compared."""
        document_ids = [str(runs[0][0]) for _, runs in self._documents]
        held_runs = rows_of_documents(self._connection, self._run, self._run, document_ids)
        found = [*self._missing_runs(held_runs), *self._told(held_runs)]
        present = sorted({str(key[0]) for key in self._facts.by_table.get(self._run.name, ())})
        if present:
            found += self._of_runs(held_runs, present)
            found += self._of_content()
            if self._kind == SOLVER:
                found += self._latest(present)
        return found, VerifyCounts(documents=len(present), facts=self._facts.count)

    def _missing_runs(self, held_runs: Held) -> Iterator[Difference]:
        """Yield the runs that are not in the graph: nothing else is said of them."""
        for _, runs in self._documents:
            for key in runs:
                if key not in held_runs:
                    yield Difference(self._kind, str(key[0]), self._run.name, MISSING, self._named(self._run, key))

    def _told(self, held_runs: Held) -> Iterator[Difference]:
        """Note what the documents tell of runs that are in the graph; yield those that tell it wrongly."""
        reading = READINGS[self._kind]
        for document, runs in self._documents:
            present = [key for key in runs if key in held_runs]
            if present:
                try:
                    reading.tell(self._facts, reading.only(document, present))
                except ThothStorageException as error:
                    yield Difference(self._kind, str(present[0][0]), "", UNREADABLE, {}, found=str(error))

    def _of_runs(self, held_runs: Held, document_ids: Sequence[str]) -> Iterator[Difference]:
        told_runs = self._facts.by_table[self._run.name]
        yield from self._compared(self._run, {key: held_runs[key] for key in told_runs}, lambda key, _: None)
        for table, column in tables_of_facts(self._run).items():
            held = rows_of_documents(self._connection, table, self._run, document_ids)

            def owner(_: Key, row: Row, column: str = column) -> str | None:
                run = row[column] if isinstance(row[column], tuple) else (row[column],)
                return str(run[0]) if run in told_runs else None

            yield from self._compared(table, held, owner)

    def _of_content(self) -> Iterator[Difference]:
        """Yield differences in what the documents share, with each other and with others."""
        for table in tables_of_content():
            told = self._facts.by_table.get(table.name)
            if not told:
                continue
            digests = [digest for (digest,) in told]
            held = rows_of_content(self._connection, table, digests)
            yield from self._compared(table, held, lambda *_: None)
            for members, column, rows in members_of_content(self._connection, table, digests):

                def owner(_: Key, row: Row, column: str = column, told: dict[Key, Fact] = told) -> str | None:
                    return told[row[column],].document_id

                yield from self._compared(members, rows, owner)

    def _latest(self, document_ids: Sequence[str]) -> Iterator[Difference]:
        for key, held, latest in not_the_latest(self._connection, document_ids):
            yield Difference(
                self._kind,
                latest,
                "python_package_version",
                DIFFERS,
                dict(key),
                expected={"solver_run_id": latest},
                found={"solver_run_id": held},
            )

    def _compared(self, table: Table, held: Held, owner: _Owner) -> Iterator[Difference]:
        """Yield the differences between what is told and what is held of a table."""
        told = self._facts.by_table.get(table.name, {})
        key_names = set(natural_key(table))
        for key, (document_id, row) in told.items():
            named = self._named(table, key)
            if key not in held:
                rest = {name: value for name, value in row.items() if name not in key_names}
                yield Difference(self._kind, document_id, table.name, MISSING, named, expected=rest or None)
                continue
            differing = differing_columns(table.name, row, held[key])
            if differing:
                yield Difference(
                    self._kind,
                    document_id,
                    table.name,
                    DIFFERS,
                    named,
                    expected={name: row[name] for name in differing},
                    found={name: held[key][name] for name in differing},
                )
        for key, row in held.items():
            document = None if key in told else owner(key, row)
            if document is not None:
                rest = {name: value for name, value in row.items() if name not in key_names}
                named = self._named(table, key)
                yield Difference(self._kind, document, table.name, UNSUPPORTED, named, found=rest or None)

    @staticmethod
    def _named(table: Table, key: Key) -> dict[str, Any]:
        return dict(zip(natural_key(table), key, strict=True))
