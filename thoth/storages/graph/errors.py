"""What errors of the database mean: whether to try again, and what to tell the caller."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..config import LOCK_TIMEOUT, POOL_OVERFLOW, POOL_SIZE, POOL_TIMEOUT, STATEMENT_TIMEOUT
from ..exceptions import (
    DatabaseError,
    DatabaseNotInitialized,
    DatabaseTimeout,
    NotConnected,
    RetryTransaction,
    SchemaError,
)
from ..variables import Variable
from .models_functions import FUNCTIONS

# https://www.postgresql.org/docs/current/errcodes-appendix.html
INVALID_CATALOG_NAME = "3D000"
UNDEFINED_TABLE, UNDEFINED_COLUMN, _UNDEFINED_FUNCTION = "42P01", "42703", "42883"  # the last, of operators, too
_CONFLICT = {"40001", "40P01"}  # serialization_failure, deadlock_detected
_SHUTDOWN = {"57P01", "57P02", "57P03"}  # admin_shutdown, crash_shutdown, cannot_connect_now
_CONNECTION_CLASS = "08"
_REFUSED = ("22", "54")  # data_exception, program_limit_exceeded
_QUERY_CANCELED, _LOCK_NOT_AVAILABLE = "57014", "55P03"
_READ_ONLY = "25006"
_INSUFFICIENT_PRIVILEGE = "42501"
# Resources, the state of objects, operators, the system, settings, inside; but neither constraints nor syntax, which
# are faults of this library and stay what they are.
_FAILED = ("25", "53", "55", "57", "58", "F0", "XX", _INSUFFICIENT_PRIVILEGE)
# Who cannot come in will not be let in a second later. Errors on connecting carry no code. A server that speaks
# another language is asked again, until the time is over.
_NOT_LET_IN = (
    "authentication failed",
    "no pg_hba.conf entry",
    "no password supplied",
    "not permitted to log in",
    "permission denied",
    "does not exist",
    "SSL",
    "certificate",
)


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
    return isinstance(error, RetryTransaction) or sqlstate(error) in _CONFLICT or is_lost(error) or is_away(error)


def is_lost(error: BaseException) -> bool:
    """Tell whether a connection ended while it was in use."""
    if not isinstance(error, DBAPIError):
        return False
    code = sqlstate(error)
    return error.connection_invalidated or code is not None and _is_of_connection(code)


def is_away(error: BaseException) -> bool:
    """Tell whether no connection could be made, for a reason that may pass: nothing was sent yet."""
    if not isinstance(error, OperationalError) or error.statement is not None or is_lost(error):
        return False
    told = str(error.orig)
    return sqlstate(error) is None and not any(reason in told for reason in _NOT_LET_IN)


def is_read_only(error: BaseException) -> bool:
    """Tell whether the server takes no writes, as one that became a standby."""
    return sqlstate(error) == _READ_ONLY


def translated(error: Exception, place: str) -> Exception:
    """Return the error of this library that says what a database error means, or the error itself.

    Args:
        error: what was raised.
        place: host, port and database, for the message.

    """
    if isinstance(error, PoolTimeoutError):
        settings = " and ".join(_setting(variable) for variable in (POOL_SIZE, POOL_OVERFLOW))
        return NotConnected(
            f"{place}: all connections are in use, and none became free within {_setting(POOL_TIMEOUT)} seconds; "
            f"{settings} say how many there are"
        )
    if not isinstance(error, DBAPIError):
        return error
    code = sqlstate(error)
    reason = " ".join(str(error.orig).split())
    if code == INVALID_CATALOG_NAME:
        return DatabaseNotInitialized(f"{place}: the database does not exist: call initialize_schema()")
    if code == UNDEFINED_TABLE:
        return DatabaseNotInitialized(f"{place}: the schema is not there ({reason[:120]})")
    if code == _UNDEFINED_FUNCTION and any(f"function {name}(" in reason for name in FUNCTIONS):
        return DatabaseNotInitialized(
            f"{place}: the schema is not there, or older than this release: call initialize_schema() ({reason[:120]})"
        )
    if code in _CONFLICT:
        return RetryTransaction(f"{place}: other writers were in the way each time: {reason}")
    if code == _LOCK_NOT_AVAILABLE:
        return DatabaseTimeout(f"{place}: waited too long for a lock, see {_setting(LOCK_TIMEOUT)}: {reason}")
    if code == _QUERY_CANCELED and "user request" not in reason:
        return DatabaseTimeout(f"{place}: a statement took too long, see {_setting(STATEMENT_TIMEOUT)}: {reason}")
    if code is not None and code.startswith(_REFUSED):
        return SchemaError(f"{place}: the database refuses a value: {reason}")
    if code is None or is_lost(error):
        return NotConnected(f"{place}: {reason}")
    if code.startswith(_FAILED):
        return DatabaseError(f"{place}: {reason}")
    return error


def _setting(variable: Variable[int] | Variable[float]) -> str:
    return f"{variable.name}={variable.read():g}"


def _is_of_connection(code: str) -> bool:
    return code in _SHUTDOWN or code.startswith(_CONNECTION_CLASS)
