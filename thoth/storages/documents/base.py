"""What documents of all kinds have in common: their envelope, their identifier, and how they are read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from itertools import accumulate
from typing import Annotated, Any, TypeVar

import msgspec

from ..config import MAX_DOCUMENT_DEPTH, MAX_DOCUMENT_SIZE
from ..exceptions import SchemaError, shown

T = TypeVar("T", bound=msgspec.Struct)

Integer = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
BigInteger = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""Whole numbers that fit the columns of these names."""

_MAX_IDENTIFIER_LENGTH = 1024
_NO_MARKS = bytes(set(range(256)) - set(b'"[]{}'))
_prepared: set[type] = set()
_preparing = threading.Lock()


class Distribution(msgspec.Struct, frozen=True):
    """Operating system of the container that the tool ran in."""

    id: str | None = None
    version: str | None = None


class Python(msgspec.Struct, frozen=True):
    """Python that the tool ran on."""

    major: int | None = None
    minor: int | None = None


class Metadata(msgspec.Struct, frozen=True):
    """The part of ``metadata`` that is read, of every year: later and earlier tools lack some of it."""

    document_id: str | None = None
    hostname: str | None = None
    datetime: str | None = None
    timestamp: float | None = None
    duration: float | None = None
    analyzer: str | None = None
    analyzer_version: str | None = None
    distribution: Distribution | None = None
    python: Python | None = None


class Interned(msgspec.Struct, frozen=True):
    """Something that many documents say alike, and that is stored once."""

    def digest(self) -> bytes:
        """Return the SHA-256 of the fields, written as JSON with sorted keys: equal for equal content."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).digest()


def parse(blob: bytes, place: str) -> dict[str, Any]:
    """Return a document as it is stored, or sent.

    Args:
        blob: the document in JSON.
        place: where it is, for the error.

    Raises:
        SchemaError: it is no JSON object, or exceeds the limits of `check_limits`; the message holds the place.

    """
    check_limits(blob, place)
    try:
        try:
            document = msgspec.json.decode(blob)
        except msgspec.DecodeError:
            # Python also writes what JSON has no form for: NaN, infinities, halves of surrogate pairs.
            document = json.loads(blob)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{place}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise SchemaError(f"{place}: expected a JSON object, got {type(document).__name__}")
    return document


def check_limits(blob: bytes, place: str) -> None:
    """Refuse a document that is too large, or nested too deeply.

    Args:
        blob: the document in JSON, or what may be that: it is not decoded.
        place: where it is, for the error.

    Raises:
        SchemaError: it exceeds ``THOTH_STORAGES_MAX_DOCUMENT_SIZE`` or ``THOTH_STORAGES_MAX_DOCUMENT_DEPTH``; the
            message holds the place and the variable.

    """
    size = MAX_DOCUMENT_SIZE.read()
    if len(blob) > size:
        raise SchemaError(f"{place}: larger than {MAX_DOCUMENT_SIZE.name}={size} bytes")
    depth = MAX_DOCUMENT_DEPTH.read()
    if _depth(blob) > depth:
        raise SchemaError(f"{place}: nested too deeply, beyond {MAX_DOCUMENT_DEPTH.name}={depth} levels")


def read(document: Mapping[str, Any], kind: type[T]) -> T:
    """Read a document into the struct of its kind; the document is not changed.

    Args:
        document: a document as parsed from JSON.
        kind: the struct of the document's kind.

    Returns:
        The struct. Keys that the struct does not name are ignored.

    Raises:
        SchemaError: the document does not fit, or what is read of it exceeds the limits of `check_limits`; the
            message holds the path to the field.

    """
    if not isinstance(document, Mapping):
        raise SchemaError(f"$: expected an object, got {type(document).__name__}")
    struct = convert(document, kind, "$")
    _check_content(struct)
    return struct


def convert(value: object, kind: type[T], path: str) -> T:
    """Read a part of a document into a struct.

    Args:
        value: the part, as parsed from JSON.
        kind: the struct.
        path: where in the document the part is.

    Raises:
        SchemaError: the part does not fit; the message holds the path to the field.

    """
    if kind not in _prepared:
        _prepare(kind)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise SchemaError(path + _with_path_first(str(error)).removeprefix("$")) from None
    except UnicodeEncodeError:  # msgspec compares the names of fields in UTF-8
        raise SchemaError(f"{path}: the name of a field holds a lone surrogate") from None
    except RecursionError:
        raise SchemaError(f"{path}: nested too deeply") from None


def _prepare(kind: type[msgspec.Struct]) -> None:
    """Let msgspec find out what a struct is made of, by one thread: it does so at the first use, and two crash."""
    with _preparing:
        msgspec.json.Decoder(kind)
        _prepared.add(kind)


def _forget_lock() -> None:
    global _preparing  # noqa: PLW0603 - another thread of the parent may have held it
    _preparing = threading.Lock()


os.register_at_fork(after_in_child=_forget_lock)


def document_id(metadata: Metadata) -> str:
    """Return the identifier of a document.

    It is ``metadata.document_id``; tools before December 2019 wrote none, and ran in a pod that was named after the
    document: the host name without its last part.

    Raises:
        SchemaError: neither tells it, or it is too long.

    """
    identifier = metadata.document_id or (metadata.hostname or "").rpartition("-")[0]
    if not identifier:
        raise SchemaError("$.metadata.document_id: absent, and $.metadata.hostname does not tell it")
    check_identifier(identifier, "$.metadata.document_id" if metadata.document_id else "$.metadata.hostname")
    return identifier


def check_identifier(identifier: str, path: str) -> None:
    """Refuse an identifier that is longer than the name of an object can be.

    Args:
        identifier: of a document.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: it is too long; the message holds the path.

    """
    if len(identifier) > _MAX_IDENTIFIER_LENGTH:
        raise SchemaError(f"{path}: more than {_MAX_IDENTIFIER_LENGTH} characters: {shown(identifier)}")


def document_datetime(metadata: Metadata) -> dt.datetime:
    """Return the time at which a document was made; times without a zone are UTC.

    Raises:
        SchemaError: there is none, or it cannot be read.

    """
    if metadata.datetime is None:
        if metadata.timestamp is None:
            raise SchemaError("$.metadata.datetime: absent")
        try:
            return dt.datetime.fromtimestamp(metadata.timestamp, tz=dt.UTC)
        except (OverflowError, ValueError, OSError):
            raise SchemaError(f"$.metadata.timestamp: not a time: {shown(metadata.timestamp)}") from None
    return read_time(metadata.datetime, "$.metadata.datetime")


def read_time(value: str, path: str) -> dt.datetime:
    """Return a time in ISO 8601; one without a zone is UTC.

    Args:
        value: the time.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: it cannot be read.

    """
    try:
        moment = dt.datetime.fromisoformat(value)
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise SchemaError(f"{path}: not a time: {shown(value)}") from None


def document_duration(metadata: Metadata) -> int | None:
    """Return how long the tool ran, in seconds.

    Raises:
        SchemaError: the number cannot be one of seconds.

    """
    if metadata.duration is None:
        return None
    if not 0 <= metadata.duration < 2**31:
        raise SchemaError(f"$.metadata.duration: not a number of seconds: {shown(metadata.duration)}")
    return int(metadata.duration)


def _with_path_first(message: str) -> str:
    """Turn msgspec's "Expected `str`, got `int` - at `$.a[0]`" into "$.a[0]: Expected `str`, got `int`"."""
    text, at, path = message.rpartition(" - at `")
    return f"{path.rstrip('`')}: {text}" if at else f"$: {message}"


def _check_content(struct: msgspec.Struct) -> None:
    """Refuse what is beyond the limits, and text that PostgreSQL cannot store: NUL characters and lone surrogates.

    Encoding what was read says quickly whether there is any; the slow search for its place is made only then.
    """
    try:
        try:
            blob = msgspec.json.encode(struct)
        except UnicodeEncodeError:
            pass
        else:
            check_limits(blob, "$")
            if b"\\u0000" not in blob:
                return
        path = _path_to_bad_text(msgspec.to_builtins(struct), "$")
    except RecursionError:
        raise SchemaError("$: nested too deeply") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise SchemaError(f"$: cannot be written as JSON: {error}") from None
    if path is not None:
        raise SchemaError(f"{path}: holds a NUL character or a lone surrogate")


def _depth(blob: bytes) -> int:
    """Return how deeply the objects and lists of JSON text are nested, without a step for each character."""
    # What is left: quotation marks that begin or end text, and brackets, those in text among them.
    marks = blob.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARKS)
    # Text without brackets goes; so does the end of one beside the beginning of the next, whose brackets go then.
    brackets = b"".join(marks.replace(b'""', b"").split(b'"')[::2])
    return max(accumulate((1 if bracket in b"[{" else -1 for bracket in brackets), initial=0))


def _path_to_bad_text(value: object, path: str) -> str | None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return path
        return path if "\0" in value else None
    if isinstance(value, Mapping):
        places = [(item, f"{path}.{key}") for key, item in value.items()] + [(key, path) for key in value]
    elif isinstance(value, (list, tuple)):
        places = [(item, f"{path}[{number}]") for number, item in enumerate(value)]
    else:
        return None
    return next(filter(None, (_path_to_bad_text(item, place) for item, place in places)), None)
