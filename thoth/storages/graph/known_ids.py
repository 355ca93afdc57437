"""Ids of rows that this process has seen committed: they never change, so they need not be asked again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from sqlalchemy.orm import Session

_LIMIT = 300_000  # some 60 MB
_SESSION_KEY = "known_ids"


class KnownIds:
    """Ids by table and natural key. Those of a transaction count when it is committed, and not before.

    Removals are counted by the database in a sequence: when it moved, what is known here may be gone.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._ids: dict[tuple[str, Hashable], int] = {}
        self._generation: int | None = None

    def bind(self, session: Session) -> None:
        """Make this available to the functions that get the session."""
        session.info[_SESSION_KEY] = Transaction(self)

    def is_as_of(self, generation: int) -> None:
        """Forget everything when rows were removed since it was learnt."""
        if generation != self._generation:
            self._ids.clear()
            self._generation = generation

    def clear(self) -> None:
        """Forget everything."""
        self._ids.clear()
        self._generation = None


class Transaction:
    """What is known within a transaction: what was committed before, and what the transaction itself wrote."""

    def __init__(self, committed: KnownIds) -> None:
        """Start with what is known as committed."""
        self._committed = committed
        self._own: dict[tuple[str, Hashable], int] = {}
        self._generation: int | None = None

    def is_as_of(self, generation: int) -> None:
        """Forget everything when rows were removed since it was learnt."""
        self._generation = generation
        self._committed.is_as_of(generation)

    def get(self, table: str, key: Hashable) -> int | None:
        """Return the id of a row, or None when it has to be asked."""
        id_ = self._own.get((table, key))
        return self._committed._ids.get((table, key)) if id_ is None else id_

    def learn(self, table: str, ids: Mapping[Hashable, int]) -> None:
        """Remember ids by natural key that this transaction read or wrote."""
        self._own.update(((table, key), id_) for key, id_ in ids.items())

    def commit(self) -> None:
        """Let what was learnt be known to the transactions that follow, unless rows were removed meanwhile."""
        if self._generation != self._committed._generation:
            return
        if len(self._committed._ids) + len(self._own) > _LIMIT:
            self._committed._ids.clear()
        self._committed._ids.update(self._own)


def known_ids(session: Session) -> Transaction:
    """Return what is known in the transaction of a session; a session that an adapter did not make knows nothing."""
    transaction = session.info.get(_SESSION_KEY)
    if transaction is None:
        transaction = session.info[_SESSION_KEY] = Transaction(KnownIds())
    return transaction
