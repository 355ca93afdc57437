"""Inspections on the object store: as one document, or as a folder with a file for each part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .ceph import CephStore, Document, in_parallel
from .exceptions import NotFoundError, SchemaError
from .result_base import ResultStorageBase
from .result_schema import INSPECTION_SCHEMA

_FOLDER_TYPE = "inspections"
_SPECIFICATION = "build/specification"
_BUILD_LOG = "build/log"


class InspectionResultsStore(ResultStorageBase):
    """What Amun measured of a software stack.

    Until 2020, an inspection is one document: ``inspection/<id>``. Later ones are folders:
    ``inspections/<id>/build/{specification, Dockerfile, log}`` and ``inspections/<id>/results/<n>/{result, hwinfo,
    log}``. Such a folder is read as one document that lists its results under ``job_logs``, each with its
    ``result_number``: one may be missing between others, and come later.
    """

    RESULT_TYPE = "inspection"
    SCHEMA = INSPECTION_SCHEMA
    HAS_TIMES = False

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        """Make a store; see `DocumentStoreBase`."""
        super().__init__(*arguments, **keywords)
        self.folders = CephStore.of(self.ceph.config, f"{self.prefix.removesuffix(self.RESULT_TYPE)}{_FOLDER_TYPE}")

    def connect(self) -> None:
        """See `StorageBase.connect`."""
        self.folders.connect()
        super().connect()

    @classmethod
    def get_document_id(cls, document: Mapping[str, Any]) -> str:
        """Return the identifier of an inspection: ``inspection_id``, else ``document_id``.

        Raises:
            SchemaError: there is neither.

        """
        for name in ("inspection_id", "document_id"):
            if document.get(name):
                return str(document[name])
        raise SchemaError("$.inspection_id: absent, and so is $.document_id")

    def store_document(self, document: Mapping[str, Any]) -> str:
        """Store an inspection, and return its identifier.

        A document about one result of several (``result_number``, ``result``) is stored in the folder of the
        inspection, beside the others.

        Raises:
            SchemaError: the document does not fit `SCHEMA`; the message holds the path to the field.

        """
        self.SCHEMA(document)
        if document.get("result") is None:
            return super().store_document(document)
        identifier = self.get_document_id(document)
        try:
            result_key = f"{identifier}/results/{document['result_number']}/result"
            self.folders.key_of(identifier)
            self.folders.store_document(document["specification"], f"{identifier}/{_SPECIFICATION}")
            self.folders.store_document(document["result"], result_key)
        except ValueError as error:
            raise SchemaError(f"$.document_id: {error}") from None
        return identifier

    def document_exists(self, document_id: str) -> bool:
        """Tell whether there is such an inspection."""
        return super().document_exists(document_id) or self.folders.document_exists(f"{document_id}/{_SPECIFICATION}")

    def retrieve_document(self, document_id: str) -> Document:
        """Return an inspection; one in a folder as a document with its results, in order, under ``job_logs``.

        Raises:
            NotFoundError: there is no such inspection.
            SchemaError: a part of it is no JSON object; the message names the key.

        """
        try:
            return super().retrieve_document(document_id)
        except NotFoundError as error:
            try:
                specification = self.folders.retrieve_document(f"{document_id}/{_SPECIFICATION}")
            except NotFoundError:
                raise error from None
        results = [
            {**result["result"], "result_number": result["result_number"]}
            for result in self._results(document_id, specification)
        ]
        document = {"inspection_id": document_id, "specification": specification, "job_logs": results}
        if specification.get("@created"):
            document["created"] = specification["@created"]
        if self.folders.document_exists(f"{document_id}/{_BUILD_LOG}"):
            log = self.folders.retrieve_blob(f"{document_id}/{_BUILD_LOG}")
            document["build_log"] = log.decode(errors="replace")
        return document

    def iterate_inspection_results(self, document_id: str) -> Iterator[Document]:
        """Yield what an inspection says, result by result.

        Returns:
            The document itself, of an inspection that is one; else, for each result, in order, a document of
            ``document_id``, ``result_number``, ``specification`` and ``result``.

        Raises:
            NotFoundError: there is no such inspection.
            SchemaError: a part of it is no JSON object; the message names the key.

        """
        try:
            yield super().retrieve_document(document_id)
        except NotFoundError as error:
            try:
                specification = self.folders.retrieve_document(f"{document_id}/{_SPECIFICATION}")
            except NotFoundError:
                raise error from None
        else:
            return
        yield from self._results(document_id, specification)

    def iterate_result_numbers(self, document_ids: Iterable[str]) -> Iterator[tuple[str, set[int]]]:
        """Yield identifiers and the numbers of the results that lie in the folders of inspections, in the order given.

        One listing tells those of an inspection; several are asked for at once, ahead of whoever takes them.

        Args:
            document_ids: of the inspections; they are taken as they are needed.

        Returns:
            For each identifier, the numbers; none of an inspection that is one document, or cannot be there.

        """

        def numbers_of(document_id: str) -> tuple[str, set[int]]:
            try:
                return document_id, set(self._numbers(document_id))
            except ValueError:  # no name of a folder
                return document_id, set()

        return in_parallel(numbers_of, document_ids, self.ceph.config.workers)

    def iterate_results(self) -> Iterator[tuple[str, Document]]:
        """Yield identifiers and inspections: those that are one document, fetched in parallel, then the folders."""
        yield from self.ceph.iterate_documents(super()._listing())
        for document_id in self._folder_listing():
            yield document_id, self.retrieve_document(document_id)

    def filter_document_ids(self, inspection_identifiers: Iterable[str]) -> dict[str, list[str]]:
        """Return which inspections there are of some identifiers; no other ones are listed.

        Args:
            inspection_identifiers: what users call inspections: the part between ``inspection-`` and the digits.

        Returns:
            For each identifier given, the ids of its inspections, in order.

        """
        found = {}
        for identifier in inspection_identifiers:
            prefix = f"inspection-{identifier}-"
            digits = re.compile(re.escape(prefix) + "[^-/]+")
            ids = {*super()._listing(prefix), *self.folders.get_folder_listing(prefix)}
            found[identifier] = sorted(filter(digits.fullmatch, ids))
        return found

    def _listing(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        yield from super()._listing(prefix, after=after)
        yield from self._folder_listing()

    def _folder_listing(self) -> Iterator[str]:
        """Yield the inspections that are a folder, and not a document besides."""
        for document_id in self.folders.get_folder_listing():
            if not super().document_exists(document_id):
                yield document_id

    def _results(self, document_id: str, specification: Document) -> Iterator[Document]:
        for number, folder in sorted(self._numbers(document_id).items()):
            result = self._result(folder)
            if result is not None:
                yield {
                    "document_id": document_id,
                    "result_number": number,
                    "specification": specification,
                    "result": result,
                }

    def _numbers(self, document_id: str) -> dict[int, str]:
        """Return the folders of results by number; of one that goes on there are logs, and no result (yet)."""
        prefix = f"{document_id}/results/"
        found = {}
        for name in self.folders.get_document_listing(prefix):
            number, _, part = name.removeprefix(prefix).partition("/")
            if part == "result" and number.isdecimal() and number == str(int(number)):
                found[int(number)] = f"{prefix}{number}"
        return found

    def _result(self, folder: str) -> Document | None:
        """Return a result with the hardware that it was measured on; None when it was removed meanwhile."""
        try:
            result = self.folders.retrieve_document(f"{folder}/result")
        except NotFoundError:
            return None
        if "hwinfo" not in result:
            try:
                result["hwinfo"] = self.folders.retrieve_document(f"{folder}/hwinfo")
            except (NotFoundError, SchemaError):
                # Not asked for, or a tool that printed something else: the result stands without it.
                return result
        return result
