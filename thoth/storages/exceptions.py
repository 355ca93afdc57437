"""What can go wrong, one hierarchy: catch `ThothStorageException` to catch everything this library raises."""

from __future__ import annotations


class ThothStorageException(Exception):
    """Base of every error that this library raises on purpose."""

    def __init__(self, message: str = "") -> None:
        """Keep a message short, and one that can be printed: what was given, and is told in it, may be anything."""
        super().__init__(brief(message))


class ConfigurationError(ThothStorageException):
    """An environment variable or a configuration file holds a value that cannot be used; the message names both."""


class NotFoundError(ThothStorageException):
    """What was asked for is not there."""


class CacheMiss(NotFoundError):
    """A cache does not hold the record."""


class PythonIndexNotRegistered(NotFoundError):
    """No Python package index is registered under that URL."""


class PerformanceIndicatorNotRegistered(NotFoundError):
    """No performance indicator of that name exists; the message lists those that do."""


class MultipleFoundError(ThothStorageException):
    """More than one record fits where one was asked for."""


class SchemaError(ThothStorageException):
    """A document does not have the shape of its kind; the message holds the path to the field."""


class NotConnected(ThothStorageException):
    """The adapter was not connected, or the server that it names cannot be reached."""


class StoreError(ThothStorageException):
    """The object store refused a request, or failed; the message names endpoint, bucket and key."""


class AmunError(ThothStorageException):
    """Amun refused a request, or failed; the message names the URL."""


class OutcomeUnknown(NotConnected):
    """The connection was lost while a write was being committed, and the database could not be asked since.

    The write was done, whole, or not at all: asking tells, and writing a document again does no harm.
    """


class DatabaseError(ThothStorageException):
    """The database refused a statement or failed, as with a full disk; what was to be written is not written."""


class DatabaseTimeout(DatabaseError):
    """A statement took too long, or waited too long for a lock; nothing is written. The message names the setting."""


class DatabaseNotInitialized(ThothStorageException):
    """The database or its schema does not exist yet: call `GraphDatabase.initialize_schema()`."""


class RetryTransaction(ThothStorageException):
    """The transaction met a concurrent one and has to be run again; raised to the caller when retries ran out."""


class CacheFileError(ThothStorageException):
    """A graph cache file cannot be read or written; the message names the file and the reason."""


class EmbeddedServerError(ThothStorageException):
    """A PostgreSQL server of one's own cannot be found, started or stopped; the message says why."""


_LONGEST_MESSAGE = 1000
_LONGEST_VALUE = 200


def shown(value: object) -> str:
    """Return a value for a message, as Python writes it; a long one is cut, so that it does not hide the reason."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # of a whole number with some thousand digits, of lists in each other
        return f"{type(value).__name__} that cannot be shown"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def brief(message: str) -> str:
    """Return a message without its middle when it is long, and with lone surrogates as Python writes them."""
    message = message.encode(errors="backslashreplace").decode()
    if len(message) <= _LONGEST_MESSAGE:
        return message
    return f"{message[: _LONGEST_MESSAGE // 2]} … {message[-_LONGEST_MESSAGE // 2 :]}"
