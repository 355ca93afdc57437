"""Performance indicators into the graph: which columns there are, and of what type, is read off the class."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, JSON, BigInteger, Boolean, Column, Float, Integer, SmallInteger, String
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from ...documents.inspection import IndicatorFact
from ...exceptions import SchemaError, shown
from ..models_performance import PerformanceIndicatorBase, performance_model, reported_columns
from ..upsert import insert


class IndicatorRow(NamedTuple):
    """A row of the table of an indicator, but for the run that reported it."""

    model: type[PerformanceIndicatorBase]
    values: dict[str, Any]


def indicator_row(fact: IndicatorFact, origin: str | None, exit_code: int | None) -> IndicatorRow:
    """Return the row that holds what a script reported.

    Args:
        fact: what the script printed.
        origin: where the script came from.
        exit_code: how it ended.

    Raises:
        PerformanceIndicatorNotRegistered: there is no class of that name.
        SchemaError: a value is missing, has the wrong type, or stands where it cannot be told from another; the
            message holds the path to it.

    """
    model = performance_model(fact.name)
    columns = model.__table__.columns  # type: ignore[attr-defined]
    own = reported_columns(model)
    common = set(columns.keys()) - own.keys()
    parameters_path, result_path = f"{fact.path}.@parameters", f"{fact.path}.@result"
    for path, reported in ((parameters_path, fact.parameters), (result_path, fact.result)):
        for name in reported:
            if name in common:
                raise SchemaError(f"{path}.{name}: {fact.name} has a column of that name for something else")
    for name in fact.result:
        if name in fact.parameters:
            raise SchemaError(f"{result_path}.{name}: is in @parameters, too")
    paths = dict.fromkeys(fact.parameters, parameters_path) | dict.fromkeys(fact.result, result_path)
    reported = {**fact.parameters, **fact.result}
    values = {
        "framework": fact.framework,
        "origin": origin,
        "version": fact.version,
        "overall_score": _value(columns["overall_score"], fact.overall_score, f"{fact.path}.overall_score"),
        "exit_code": exit_code,
        **{
            name: _value(column, fact.usage.get(name), f"{fact.usage_path}.{name}")
            for name, column in columns.items()
            if name in common and name.startswith("ru_")
        },
        "other_parameters": {name: value for name, value in fact.parameters.items() if name not in own},
        "other_results": {name: value for name, value in fact.result.items() if name not in own},
    }
    for name, column in own.items():
        if reported.get(name) is not None:
            values[name] = _value(column, reported[name], f"{paths[name]}.{name}")
        elif column.nullable:
            values[name] = None
        elif column.server_default is None:
            raise SchemaError(f"{fact.path}: {fact.name} needs {name!r} in @parameters or @result")
    return IndicatorRow(model, values)


def insert_indicators(session: Session, rows: Sequence[tuple[int, IndicatorRow]]) -> None:
    """Insert what runs reported: a statement for each indicator, and for each set of columns that have a default.

    Args:
        session: an open session.
        rows: ids of new runs, each with what it reported.

    """
    by_columns: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for run_id, (model, values) in rows:
        by_columns[model, tuple(values)].append({"inspection_run_id": run_id, **values})
    for (model, _), together in sorted(by_columns.items(), key=lambda item: (item[0][0].__name__, item[0][1])):
        insert(session, model, together)


def _value(column: Column[Any], value: object, path: str) -> Any:
    """Return a value as the column holds it; None for None."""
    if value is None:
        return None
    if column.info.get("numbers") and isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return _typed(column.type, value, path)


def _typed(kind: TypeEngine[Any], value: object, path: str) -> Any:
    """Return a value as columns of a type hold it."""
    if isinstance(kind, JSON):
        return value
    if isinstance(kind, ARRAY) and isinstance(value, list):
        return [_typed(kind.item_type, item, f"{path}[{number}]") for number, item in enumerate(value)]
    for known, (read, expected) in _READERS.items():
        if isinstance(kind, known):
            found = read(kind, value)
            if found is None:
                raise SchemaError(f"{path}: expected {expected(kind)}, got {shown(value)}")
            return found
    raise TypeError(f"{path}: a script cannot report a column of type {kind!r}")


def _text(kind: Any, value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= (kind.length or len(value)) else None


def _boolean(_: Any, value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _integer(kind: Any, value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    limit = 2 ** (_bits(kind) - 1)
    is_one = isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit
    return value if is_one else None  # type: ignore[return-value]


def _number(_: Any, value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _bits(kind: Any) -> int:
    return 64 if isinstance(kind, BigInteger) else 16 if isinstance(kind, SmallInteger) else 32


_READERS: Mapping[type[TypeEngine[Any]], tuple[Callable[[Any, object], Any], Callable[[Any], str]]] = {
    String: (_text, lambda kind: f"text of {kind.length} characters at most" if kind.length else "text"),
    Boolean: (_boolean, lambda _: "true or false"),
    Integer: (_integer, lambda kind: f"an integer of {_bits(kind)} bits"),
    Float: (_number, lambda _: "a number"),
    ARRAY: (lambda *_: None, lambda _: "a list"),
}
"""By type of column: what makes a value one of it, or None of what is none, and what was expected."""
