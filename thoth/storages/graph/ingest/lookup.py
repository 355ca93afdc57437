"""Ids of rows that documents name again and again: those that were seen committed are not asked again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..known_ids import known_ids
from ..models_base import Base
from ..upsert import ids_for

Ids = dict[Hashable, int]
"""By natural key: the value of its column, or the tuple of the values of its columns."""


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
    known = known_ids(session)
    table, names = model.__tablename__, model.NATURAL_KEY  # type: ignore[attr-defined]
    ids: Ids = {}
    unknown: dict[Hashable, Mapping[str, Any]] = {}
    for row in rows:
        key = row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
        if key not in ids and key not in unknown:
            id_ = known.get(table, key)
            if id_ is None:
                unknown[key] = row
            else:
                ids[key] = id_
    new = dict(zip(unknown, ids_for(session, model, list(unknown.values())), strict=True))
    if remember:
        known.learn(table, new)
    ids.update(new)
    return ids
