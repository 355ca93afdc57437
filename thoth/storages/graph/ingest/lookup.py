"""Ids of rows that documents name again and again: those that were seen committed are not asked again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..known_ids import known_ids
from ..models_base import Base
from ..upsert import ids_for


def known_or_new_ids(
    session: Session, model: type[Base], rows: Iterable[Mapping[str, Any]], *, remember: bool = True
) -> dict[Hashable, int]:
    """Return the ids of rows by natural key; those that are missing are inserted, in one statement for all.

    Args:
        session: an open session.
        model: the model of the table.
        rows: values by name of column, the natural key among them; they may repeat.
        remember: whether the rows are likely to be named again by other documents.

    Returns:
        Ids by natural key: the value of its column, or the tuple of the values of its columns.

    """
    known, names = known_ids(session), model.NATURAL_KEY  # type: ignore[attr-defined]
    ids: dict[Hashable, int] = {}
    missing: dict[Hashable, Mapping[str, Any]] = {}
    for row in rows:
        key = row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
        if key not in ids and key not in missing:
            id_ = known.get(model.__tablename__, key)
            if id_ is None:
                missing[key] = row
            else:
                ids[key] = id_
    if missing:
        found = ids_for(session, model, list(missing.values()))
        if remember:
            known.learn(model.__tablename__, missing, found)
        ids.update(zip(missing, found, strict=True))
    return ids
