"""What errors of the database mean: whether to try again, and what to tell the caller."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..exceptions import DatabaseNotInitialized, NotConnected, RetryTransaction, SchemaError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
INVALID_CATALOG_NAME = "3D000"
_UNDEFINED_TABLE = "42P01"
_CONFLICT = {"40001", "40P01"}  # serialization_failure, deadlock_detected
_SHUTDOWN = {"57P01", "57P02", "57P03"}  # admin_shutdown, crash_shutdown, cannot_connect_now
_CONNECTION_CLASS = "08"
_REFUSED = ("22", "54")  # data_exception, program_limit_exceeded


def sqlstate(error: BaseException) -> str | None:
    """Return the code that PostgreSQL gave an error; errors on connecting carry it in their text alone."""
    if not isinstance(error, DBAPIError):
        return None
    code = getattr(error.orig, "pgcode", None)
    if code is None and "does not exist" in str(error.orig) and "database" in str(error.orig):
        return INVALID_CATALOG_NAME
    return code


def is_transient(error: BaseException) -> bool:
    """Tell whether the same transaction, run again, may succeed."""
    if isinstance(error, RetryTransaction):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = sqlstate(error)
    return error.connection_invalidated or code in _CONFLICT or _is_lost(code)


def translated(error: Exception, place: str) -> Exception:
    """Return the error of this library that says what a database error means, or the error itself.

    Args:
        error: what was raised.
        place: host, port and database, for the message.

    """
    if isinstance(error, PoolTimeoutError):
        return NotConnected(f"{place}: no connection was free in time; see KNOWLEDGE_GRAPH_POOL_SIZE")
    if not isinstance(error, DBAPIError):
        return error
    code = sqlstate(error)
    reason = " ".join(str(error.orig).split())
    if code == INVALID_CATALOG_NAME:
        return DatabaseNotInitialized(f"{place}: the database does not exist: call initialize_schema()")
    if code == _UNDEFINED_TABLE:
        return DatabaseNotInitialized(f"{place}: the schema is not there ({reason.splitlines()[0][:120]})")
    if code in _CONFLICT:
        return RetryTransaction(f"{place}: other writers were in the way each time: {reason}")
    if code is not None and code.startswith(_REFUSED):
        return SchemaError(f"{place}: the database refuses a value: {reason}")
    if code is None or error.connection_invalidated or _is_lost(code):
        return NotConnected(f"{place}: {reason}")
    return error


def _is_lost(code: str | None) -> bool:
    return code is not None and (code in _SHUTDOWN or code.startswith(_CONNECTION_CLASS))
