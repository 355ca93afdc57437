"""Ids of rows that documents name again and again: those that were seen committed are not asked again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from ..known_ids import known_ids
from ..models_base import Base
from ..upsert import Wanted, ids_for_tables

Ids = dict[Hashable, int]
"""By natural key: the value of its column, or the tuple of the values of its columns."""


class Named(NamedTuple):
    """Rows of a table that documents name."""

    model: type[Base]
    rows: Iterable[Mapping[str, Any]]
    """Values by name of column, the natural key among them; they may repeat."""
    remember: bool = True
    """Whether the rows are likely to be named again by other documents."""
    insert: bool = True
    """Whether rows that are missing are inserted."""


def known_or_new_ids(
    session: Session, model: type[Base], rows: Iterable[Mapping[str, Any]], *, remember: bool = True
) -> Ids:
    """Return the ids of rows by natural key; those that are missing are inserted, in one statement for all.

    Args:
        session: an open session.
        model: the model of the table.
        rows: values by name of column, the natural key among them; they may repeat.
        remember: whether the rows are likely to be named again by other documents.

    """
    (ids,) = known_or_new_ids_of(session, Named(model, rows, remember))
    return ids


def known_or_new_ids_of(session: Session, *named: Named) -> list[Ids]:
    """Return the ids of rows of several tables that do not refer to each other, in one statement for all.

    Args:
        session: an open session.
        named: the rows, by table, in the order in which all writers write the tables.

    Returns:
        The ids, by table; those of rows that are missing and are not to be inserted are not among them.

    """
    known = known_ids(session)
    answer: list[Ids] = []
    missing: list[dict[Hashable, Mapping[str, Any]]] = []
    for each in named:
        table, names = each.model.__tablename__, each.model.NATURAL_KEY  # type: ignore[attr-defined]
        ids: Ids = {}
        unknown: dict[Hashable, Mapping[str, Any]] = {}
        for row in each.rows:
            key = row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
            if key not in ids and key not in unknown:
                id_ = known.get(table, key)
                if id_ is None:
                    unknown[key] = row
                else:
                    ids[key] = id_
        answer.append(ids)
        missing.append(unknown)
    wanted = [Wanted(each.model, list(rows.values()), each.insert) for each, rows in zip(named, missing, strict=True)]
    for each, ids, rows, found in zip(named, answer, missing, ids_for_tables(session, wanted), strict=True):
        new = {key: id_ for key, id_ in zip(rows, found, strict=True) if id_ is not None}
        if each.remember:
            known.learn(each.model.__tablename__, new)
        ids.update(new)
    return answer
