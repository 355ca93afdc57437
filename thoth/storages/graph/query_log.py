"""Logging and counting of statements."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from .observation import ObservedStatement, Observer

_LOGGER = logging.getLogger("thoth.storages.queries")

_LONGEST_VALUE = 200
_HIDDEN = "***"
_SECRET_NAME = r"\w*(?:password|passwd|secret|token|api_?key|credential)\w*"
# Values that must not get into a log: what a name says to be secret, in JSON or in a dict; the user and password of an
# address; what looks like a token of GitHub, GitLab or AWS, or follows "Bearer".
_SECRETS = (
    (
        re.compile(rf"""(?i)(['"]{_SECRET_NAME}\\?['"]\s*:\s*)(?:\\?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(rf"(?i)\b({_SECRET_NAME}=)[^\s&'\"]+"), rf"\1{_HIDDEN}"),
    (re.compile(r"(\w://)[^/\s'\"]*@"), rf"\1{_HIDDEN}@"),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|AKIA)[\w-]{10,}"), _HIDDEN),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+"), rf"\1{_HIDDEN}"),
)
_IS_SECRET = re.compile(rf"(?i){_SECRET_NAME}")


class QueryLog(Observer):
    """Logs every statement at INFO so that people can read it, with parameters, duration, rows and who asked."""

    def __init__(self) -> None:
        """Make sure that it is seen."""
        let_through(_LOGGER)

    def statement_ended(self, statement: ObservedStatement) -> None:
        """Log it."""
        milliseconds = (statement.seconds or 0) * 1000
        if statement.error is None:
            outcome = f"{statement.rows} row{'' if statement.rows == 1 else 's'}"
        else:
            outcome = f"failed: {statement.sqlstate or type(statement.error).__name__}"
        lines = [*laid_out(statement.text), *shown_parameters(statement.parameters)]
        shown = "\n".join(f"    {line}" for line in lines)
        fields = {
            "method": statement.method,
            "seconds": statement.seconds,
            "rows": statement.rows,
            "sqlstate": statement.sqlstate,
            "statement": statement.text,
        }
        _LOGGER.info("%s: %.2f ms, %s\n%s", statement.method or "-", milliseconds, outcome, shown, extra=fields)


def let_through(logger: logging.Logger) -> None:
    """Let the INFO of a logger be seen, whatever was set up: a variable of the environment asked for it."""
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.INFO)
    if not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler())


def laid_out(statement: str) -> list[str]:
    """Return the lines of a statement, indented by the parentheses that they are in: it was put together of parts."""
    lines, depth = [], 0
    for line in filter(None, map(str.strip, statement.splitlines())):
        closed = len(line) - len(line.lstrip(")"))
        lines.append(f"{'    ' * max(0, depth - closed)}{line}")
        depth += line.count("(") - line.count(")")
    return lines


def shown_parameters(parameters: Any) -> list[str]:
    """Return a line for each parameter of a statement; long values are cut, and secrets are left out."""
    if isinstance(parameters, Mapping):
        return [f"-- {name} = {shown_value(value, str(name))}" for name, value in parameters.items()]
    return [f"-- {shown_value(value)}" for value in parameters or ()]


def shown_value(value: Any, name: str = "") -> str:
    """Return a value as Python writes it, cut when it is long; what looks like a secret is left out."""
    if _IS_SECRET.fullmatch(name):
        return _HIDDEN
    shown = repr(value)
    for pattern, instead in _SECRETS:
        shown = pattern.sub(instead, shown)
    if len(shown) > _LONGEST_VALUE:
        size = f"{len(value)} items" if isinstance(value, list | tuple | dict) else f"{len(shown)} characters"
        return f"{shown[:_LONGEST_VALUE]}... ({size})"
    return shown


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that an engine sends while the context is open; BEGIN and COMMIT do not count."""
    statements: list[str] = []

    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", before)
