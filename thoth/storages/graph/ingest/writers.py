"""How writers of documents keep out of each other's way, and out of the way of removals.

Many writers of documents work at once, each under a shared advisory lock; what removes rows takes the lock alone, so
that no writer refers to a row that is about to go. Locks are those of the transaction, which end with it, also behind
a connection pooler: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.orm import Session

from ...exceptions import RetryTransaction
from ..known_ids import known_ids
from ..models_base import REMOVALS, WRITERS_LOCK, Base
from .removal import remove_runs

_LOCK_ALONE = select(func.pg_advisory_xact_lock(WRITERS_LOCK))
_WITH_LOCK_SHARED = f"WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({WRITERS_LOCK}))"
_COUNT_REMOVAL = select(REMOVALS.next_value())
# A sequence that was never used has the same last value as one that was used once.
_REMOVALS_SO_FAR = "SELECT last_value + is_called::int FROM removals"
_SHARE_LOCK = text(f"{_WITH_LOCK_SHARED} SELECT ({_REMOVALS_SO_FAR}) FROM locked")


def documents_present(session: Session, model: type[Base], document_ids: Sequence[str]) -> list[str]:
    """Start to write documents: keep removals out, forget ids that they took, and ask which documents are in.

    Args:
        session: a session whose transaction has not written yet.
        model: the model whose rows stand for documents, by ``document_id``.
        document_ids: identifiers of the documents that are to be written.

    Returns:
        Identifiers of those that are in.

    """
    parameters = {"document_ids": list(document_ids)}
    removals, present = session.execute(_which_are_present(model), parameters).one()
    known_ids(session).is_as_of(removals)
    return list(present)


@lru_cache
def _which_are_present(model: type[Base]) -> TextClause:
    # The lock is taken first: what follows it in the list is computed when its row is there. The value of a sequence
    # is read as it is at that moment, not as of the beginning of the statement.
    return text(
        f"""
        {_WITH_LOCK_SHARED}
        SELECT ({_REMOVALS_SO_FAR}),
               ARRAY(SELECT document_id FROM {model.__tablename__} WHERE document_id = ANY(:document_ids))
        FROM locked
        """
    )


def documents_to_write(
    session: Session,
    model: type[Base],
    document_ids: Sequence[str],
    *,
    force: bool,
    remove: Callable[[Session, list[str]], object] | None = None,
) -> list[str]:
    """Start to write documents: tell which are not in, after removing those that are and have to be replaced.

    Args:
        session: a session whose transaction has not written yet.
        model: the model whose rows stand for documents, by ``document_id``.
        document_ids: identifiers of the documents that are to be written.
        force: whether documents that are in are replaced.
        remove: removes what documents said; given their identifiers. Not given: `remove_runs`.

    Returns:
        Identifiers of the documents to write, in the order given.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.

    """
    alone = force and is_any_present(session, model, document_ids)
    if alone:
        exclude_writers(session)
    present = documents_present(session, model, document_ids)
    if not (present and force):
        return [id_ for id_ in document_ids if id_ not in present]
    if not alone:
        raise RetryTransaction(f"another writer put {present} in just now")
    if remove is None:
        ids = session.scalars(
            text(f"SELECT id FROM {model.__tablename__} WHERE document_id = ANY(:document_ids)"),
            {"document_ids": present},
        )
        remove_runs(session, model, list(ids))
    else:
        remove(session, present)
    return list(document_ids)


def share_with_writers(session: Session) -> None:
    """Keep removals out until the transaction ends, so that rows which are referred to do not go."""
    removals = session.scalar(_SHARE_LOCK)
    known_ids(session).is_as_of(removals or 0)


def is_any_present(session: Session, model: type[Base], document_ids: Sequence[str]) -> bool:
    """Tell whether a document is in, without a lock."""
    statement = text(f"SELECT EXISTS (SELECT FROM {model.__tablename__} WHERE document_id = ANY(:document_ids))")
    return bool(session.scalar(statement, {"document_ids": list(document_ids)}))


def exclude_writers(session: Session) -> None:
    """Wait until no document is being written, and keep it so until the transaction ends.

    It comes before anything else in its transaction: two that hold the shared lock would wait for each other.
    """
    session.execute(_LOCK_ALONE)
    session.execute(_COUNT_REMOVAL)
    known_ids(session).is_as_of(session.scalar(text(_REMOVALS_SO_FAR)) or 0)
