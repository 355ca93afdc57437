"""Set-based writes that many writers can do at once: rows go in by natural key, and ids come back.

Rows travel as one JSON parameter, so their number is not limited by the 65,535 parameters of a statement. They are
written in the order of their natural key: two transactions that take the same keys in opposite order deadlock, even
with ``ON CONFLICT DO NOTHING``. Missing rows alone are inserted, as each attempt uses up an id of the sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import TextClause, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from ..exceptions import RetryTransaction, SchemaError, shown
from .models_base import Base, BaseExtension, column_types

M = TypeVar("M", bound=BaseExtension)

_AT_ONCE = 16
"""Rows that are encoded before their size is known."""
_ATTEMPTS = 5
_MAX_SIZE = 1 << 28
"""Bytes of a parameter; PostgreSQL takes four times that, and it is held several times on its way there."""
_MAX_KEY_LENGTH = 2000
"""Characters of a part of a natural key; whether an index, which compresses, takes more would be a matter of luck."""


def encode(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as the JSON text that `json_to_recordset` reads; bytes become PostgreSQL's hexadecimal form.

    Raises:
        SchemaError: they are more than a statement can hold: rows repeat what a document says once.

    """
    listed = list(rows)
    if any(bytes in map(type, row.values()) for row in listed):  # msgspec writes base64
        listed = [
            {name: hexadecimal(value) if isinstance(value, bytes) else value for name, value in row.items()}
            for row in listed
        ]
    parts, size = [], 0
    for start in range(0, len(listed), _AT_ONCE):
        part = msgspec.json.encode(listed[start : start + _AT_ONCE])[1:-1]
        size += len(part)
        if size > _MAX_SIZE:
            raise SchemaError(f"$: the rows of one table are more than {_MAX_SIZE} bytes")
        parts.append(part)
    return f"[{b','.join(parts).decode()}]"


def hexadecimal(value: bytes) -> str:
    """Return bytes as PostgreSQL reads them: https://www.postgresql.org/docs/current/datatype-binary.html."""
    return "\\x" + value.hex()


def insert(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that are new for certain, in one statement.

    Args:
        session: an open session.
        model: the model of the table.
        rows: values by name of column; all rows name the same columns.

    """
    if rows:
        session.execute(_insert_statement(model, tuple(rows[0])), {"rows": encode(rows)})


def insert_run(session: Session, model: type[Base], values: Mapping[str, Any]) -> int | None:
    """Insert the row that stands for a document.

    Args:
        session: an open session.
        model: the model of the table.
        values: values by name of column.

    Returns:
        The id of the row, or None when another writer put the document in just now.

    """
    id_: int | None = session.scalar(_insert_run_statement(model, tuple(values)), {"rows": encode([values])})
    return id_


def ids_for(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert the rows whose natural key is missing; return the id of every row, in the order given.

    Args:
        session: an open session at isolation level READ COMMITTED.
        model: the model of the table; its natural key is declared on it.
        rows: values by name of column, with distinct natural keys; all rows name the same columns.

    Returns:
        The ids, one a row.

    Raises:
        RetryTransaction: other writers removed the rows again and again.
        SchemaError: a part of a key is too long for an index.

    """
    if not rows:
        return []
    key = _natural_key(model)
    for row in rows:
        for name in key:
            check_key_part(model, name, row[name])
    missing = frozenset(name for name in key if any(row[name] is None for row in rows))
    statement, parameters = _ids_statement(model, tuple(rows[0]), missing), {"rows": encode(rows)}
    # A row that another writer committed meanwhile is seen by neither half of the statement: it is, the next time.
    for _ in range(_ATTEMPTS):
        ids: dict[int, int] = dict(
            session.execute(statement, parameters).all()
        )  # one statement; again only after a race
        if len(ids) == len(rows):
            return [ids[n] for n in range(1, len(rows) + 1)]
    raise RetryTransaction(f"rows of {model.__tablename__} come and go")


def check_key_part(model: type[Any], name: str, value: object) -> None:
    """Refuse what is too long for the index of a natural key.

    Args:
        model: the model of the table.
        name: the column.
        value: its value.

    Raises:
        SchemaError: the message names table and column.

    """
    if isinstance(value, str) and len(value) > _MAX_KEY_LENGTH:
        raise SchemaError(f"{model.__tablename__}.{name}: more than {_MAX_KEY_LENGTH} characters: {shown(value)}")


def get_or_create(session: Session, model: type[M], values: Mapping[str, Any]) -> tuple[M, bool]:
    """Return the row of a natural key, made when missing, and whether it existed.

    Args:
        session: an open session.
        model: the model of the table.
        values: the columns of the natural key, and values for other columns of a row that has to be made.

    """
    table = _table(model)
    key = {name: values[name] for name in _natural_key(model)}
    created = session.scalar(
        postgresql.insert(table).values(**values).on_conflict_do_nothing().returning(table.c[next(iter(key))])
    )
    row = session.query(model).filter_by(**key).one()
    return row, created is None


def _table(model: type[Any]) -> Any:
    return inspect(model).local_table


def _natural_key(model: type[Any]) -> tuple[str, ...]:
    return tuple(model.NATURAL_KEY)


def recordset(model: type[Any], columns: Sequence[str], parameter: str = "rows") -> str:
    """Return SQL for the rows of a JSON parameter, named ``wanted`` and numbered from 1 as ``n``.

    Args:
        model: the model whose columns give their types.
        columns: their names.
        parameter: the name of the parameter.

    """
    return (
        f"ROWS FROM (json_to_recordset(CAST(:{parameter} AS json)) AS ({column_types(model, columns)})) "
        f"WITH ORDINALITY AS wanted({', '.join(columns)}, n)"
    )


@lru_cache(maxsize=256)
def _insert_statement(model: type[Any], columns: tuple[str, ...]) -> TextClause:
    names = ", ".join(columns)
    return text(f"INSERT INTO {model.__tablename__} ({names}) SELECT {names} FROM {recordset(model, columns)}")


@lru_cache(maxsize=256)
def _insert_run_statement(model: type[Base], columns: tuple[str, ...]) -> TextClause:
    return text(f"{_insert_statement(model, columns).text} ON CONFLICT DO NOTHING RETURNING id")


@lru_cache(maxsize=256)
def _ids_statement(model: type[Any], columns: tuple[str, ...], nullable: frozenset[str]) -> TextClause:
    """Return the statement that gives the number of a row and its id.

    Args:
        model: the model of the table.
        columns: those of the rows.
        nullable: those of the natural key of which some values are missing.

    """
    table, names, key = model.__tablename__, ", ".join(columns), _natural_key(model)

    # An index serves "=", and not IS NOT DISTINCT FROM: that one is used only for the parts that are really missing.
    def same(left: str, right: str) -> str:
        equal = {name: "IS NOT DISTINCT FROM" if name in nullable else "=" for name in key}
        return " AND ".join(f"{left}.{name} {equal[name]} {right}.{name}" for name in key)

    return text(
        f"""
        WITH wanted AS MATERIALIZED (
            SELECT * FROM {recordset(model, columns)}
        ), present AS MATERIALIZED (
            SELECT wanted.n, stored.id FROM wanted JOIN {table} AS stored ON {same("stored", "wanted")}
        ), inserted AS (
            INSERT INTO {table} ({names})
            SELECT {names} FROM wanted WHERE n NOT IN (SELECT n FROM present) ORDER BY {", ".join(key)}
            ON CONFLICT DO NOTHING RETURNING id, {", ".join(key)}
        )
        SELECT n, id FROM present
        UNION ALL SELECT wanted.n, inserted.id FROM wanted JOIN inserted ON {same("inserted", "wanted")}
        """
    )
