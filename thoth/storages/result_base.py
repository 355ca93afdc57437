"""What stores of documents have in common: where their documents lie, how they are named, listed, read and written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from .base import StorageBase
from .ceph import CephStore, Document, in_parallel
from .config import DocumentStoreConfig
from .documents.base import Metadata, read
from .documents.base import document_id as id_of
from .exceptions import SchemaError, StoreError, ThothStorageException
from .result_schema import RESULT_SCHEMA, DocumentSchema

_DATED = re.compile(r"(?P<name>.*-)(?P<time>\d{12})-[0-9a-f]+")
"""An identifier that tells when the document was asked for: ``<name>-<yymmddHHMMSS>-<digits>``."""
_REQUEST = ".request"
"""Ends the name of what a user asked for, which lies beside the document."""


class DocumentStoreBase(StorageBase):
    """Documents of one kind, of one deployment: ``<bucket prefix>/<deployment>/<RESULT_TYPE>/<document id>``."""

    RESULT_TYPE: ClassVar[str]
    SCHEMA: ClassVar[DocumentSchema | None] = None
    """What a document has to look like to be stored."""
    HAS_TIMES: ClassVar[bool] = True
    """Whether identifiers of this kind carry the time of the document."""

    def __init__(
        self,
        deployment_name: str | None = None,
        *,
        host: str | None = None,
        key_id: str | None = None,
        secret_key: str | None = None,
        bucket: str | None = None,
        region: str | None = None,
        prefix: str | None = None,
    ) -> None:
        """Make a store; no request is made yet.

        Args:
            deployment_name: deployment that the documents belong to; this and the others come from the environment
                when they are not given.
            host: address of the server, or ``file:///folder``.
            key_id: access key.
            secret_key: its secret.
            bucket: bucket of the documents.
            region: region that requests are signed for.
            prefix: what the keys of all documents begin with, before the deployment.

        Raises:
            ConfigurationError: something is missing; the message names all that is.

        """
        given: dict[str, Any] = {
            "deployment_name": deployment_name,
            "endpoint_url": host,
            "key_id": key_id,
            "secret_key": secret_key,
            "bucket": bucket,
            "region": region,
            "bucket_prefix": prefix,
        }
        config = DocumentStoreConfig(**{name: value for name, value in given.items() if value})
        self.deployment_name = config.deployment_name
        self.prefix = f"{config.bucket_prefix}/{config.deployment_name}/{self.RESULT_TYPE}"
        self.ceph = CephStore.of(config, self.prefix)

    def __repr__(self) -> str:
        """Say where the documents are."""
        return f"{type(self).__name__}({self.ceph.prefix!r} at {self.ceph.config.place!r})"

    def connect(self) -> None:
        """See `StorageBase.connect`."""
        self.ceph.connect()

    def is_connected(self) -> bool:
        """See `StorageBase.is_connected`."""
        return self.ceph.is_connected()

    def get_document_listing(
        self,
        *,
        start_date: dt.date | None = None,
        end_date: dt.date | None = None,
        include_end_date: bool = False,
    ) -> Iterator[str]:
        """Yield the identifiers of documents, in order; they are not held.

        Args:
            start_date: leave out the documents before this day (UTC). With this or the next one, only identifiers
                that carry a time count (``solver-rhel-8-py38-210701000010-9e9eab93c147ecab``), and of the others no
                more is read than tells where they end.
            end_date: leave out the documents from this day on.
            include_end_date: leave out the documents after that day instead.

        Raises:
            NotConnected: the store was not connected.
            ValueError: the last day is before the first one, or identifiers of this kind carry no date.

        """
        _ = self.ceph.objects  # raises here, and not when the first one is taken
        if start_date is None and end_date is None:
            return self._listing()
        if not self.HAS_TIMES:
            raise ValueError(f"identifiers of kind {self.RESULT_TYPE!r} carry no date")
        return self._dated_listing(*_bounds(start_date, end_date, include_end_date))

    def get_document_count(self) -> int:
        """Return the number of documents."""
        return sum(1 for _ in self.get_document_listing())

    def document_exists(self, document_id: str) -> bool:
        """Tell whether there is such a document."""
        return self.ceph.document_exists(document_id)

    def retrieve_document(self, document_id: str) -> Document:
        """Return a document.

        Raises:
            NotFoundError: there is no such document.
            SchemaError: what is stored is no JSON object; the message names the key.

        """
        return self.ceph.retrieve_document(document_id)

    def retrieve_documents(
        self, document_ids: Iterable[str]
    ) -> Generator[tuple[str, Document | ThothStorageException], None, None]:
        """Yield identifiers and documents, in the order given, fetched in parallel ahead of whoever takes them.

        Args:
            document_ids: of the documents; they are taken as they are needed.

        Returns:
            For each identifier, the document, or the error that it met: one does not end the others.

        """

        def fetch(document_id: str) -> tuple[str, Document | ThothStorageException]:
            try:
                return document_id, self.retrieve_document(document_id)
            except ThothStorageException as error:
                return document_id, error
            except ValueError as error:
                return document_id, StoreError(f"{self.ceph.config.place}: {self.ceph.prefix!r}: {error}")

        return in_parallel(fetch, document_ids, self.ceph.config.workers)

    def iterate_results(self) -> Iterator[tuple[str, Document]]:
        """Yield identifiers and documents, in the order of the identifiers.

        They are fetched in parallel, ahead of whoever takes them; no more are held than that needs.

        Raises:
            SchemaError: a document is no JSON object; the message names the key.

        """
        return self.ceph.iterate_documents(self.get_document_listing())

    def _listing(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield identifiers; subclasses say here what lies under the prefix and is no document."""
        yield from self.ceph.get_document_listing(prefix, after=after)

    def _name_of(self, document_id: str) -> str | None:
        """Return what the identifiers of this kind of document begin with before a time or the digits at the end."""
        match = re.match(r"(?:[a-z]+-)+(?=[0-9a-f]+(?:-|$))", document_id)
        return match[0] if match else None

    def _dated_listing(self, start: str, end: str) -> Iterator[str]:
        """Yield the identifiers with a time from ``start`` on and before ``end``.

        Identifiers are in order, so those of one name are together, and those of a time are together in there: the
        rest of a name is jumped over by one request.
        """
        after = ""
        while True:
            for document_id in self._listing(after=after):
                name = self._name_of(document_id)
                if name is not None:
                    break
            else:
                return
            for dated in self._listing(name, after=_before(name + start)):
                match = _DATED.fullmatch(dated)
                if dated >= name + end:
                    break
                if match is not None and match["name"] == name and match["time"] >= start:
                    yield dated
            after = name + "g"  # past all digits, which are hexadecimal


class ResultStorageBase(DocumentStoreBase):
    """Results of a tool, which are named by their metadata."""

    SCHEMA = RESULT_SCHEMA

    @classmethod
    def get_document_id(cls, document: Mapping[str, Any]) -> str:
        """Return the identifier of a document: ``metadata.document_id``, else the host name without its last part.

        Raises:
            SchemaError: neither tells it.

        """
        metadata = document.get("metadata")
        if not isinstance(metadata, Mapping):
            raise SchemaError("$.metadata: expected an object")
        return id_of(read({name: metadata.get(name) for name in ("document_id", "hostname")}, Metadata))

    def store_document(self, document: Mapping[str, Any]) -> str:
        """Store a document, and return its identifier; one that is there is replaced.

        Raises:
            SchemaError: the document does not fit `SCHEMA`; the message holds the path to the field.

        """
        if self.SCHEMA is not None:
            self.SCHEMA(document)
        identifier = self.get_document_id(document)
        try:
            return self.ceph.store_document(document, identifier)
        except ValueError as error:
            raise SchemaError(f"$.metadata: {error}") from None

    def _listing(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        for identifier in super()._listing(prefix, after=after):
            if not identifier.endswith(_REQUEST):
                yield identifier


def _bounds(start_date: dt.date | None, end_date: dt.date | None, include_end_date: bool) -> tuple[str, str]:
    """Return the text that times begin with on the first day, and the text that is after all times of the last one."""
    start, end = "0", ":"  # before and after all digits
    if start_date is not None:
        start = _text(start_date)
    if end_date is not None:
        end = _text(end_date)
        if end < start:
            raise ValueError(f"end_date: {end_date} is before start_date, {start_date}")
        end += ":" if include_end_date else ""
    return start, end


def _text(day: dt.date) -> str:
    """Return the text of a day in identifiers, which know no other century; a moment stands for its day in UTC."""
    if isinstance(day, dt.datetime) and day.tzinfo is not None:
        day = day.astimezone(dt.UTC)
    if not 2000 <= day.year <= 2099:
        raise ValueError(f"{day}: identifiers carry days of 2000 to 2099")
    return day.strftime("%y%m%d")


def _before(text: str) -> str:
    """Return a text that comes before all that begin with ``text``, and after nearly all others that do so."""
    return text[:-1] + chr(ord(text[-1]) - 1) + "\x7f"
