"""Documents in files: JSON, or one document a line (``.jsonl``), possibly packed with gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ..exceptions import NotFoundError, SchemaError

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class LocalDocument:
    """A document in a file, not yet parsed."""

    file: Path
    blob: bytes
    bytes_read: int
    """How much of the file was read to get to the end of the document."""
    line: int | None = None
    """Number of the line, in a file that holds several documents."""

    @property
    def source(self) -> str:
        """Where the document is, for messages."""
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"

    def parse(self) -> dict[str, Any]:
        """Return the document.

        Raises:
            SchemaError: it is not a JSON object; the message holds the source.

        """
        try:
            document = msgspec.json.decode(self.blob)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SchemaError(f"{self.source}: not JSON: {error}") from None
        if not isinstance(document, dict):
            raise SchemaError(f"{self.source}: expected a JSON object, got {type(document).__name__}")
        return document


def find_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files of documents at and below some paths, those of a folder in the order of their names.

    Args:
        paths: files, whatever they are called, and folders, whose files count when their name ends in one of
            `SUFFIXES`.

    Raises:
        NotFoundError: a path does not exist; the message names it.

    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files += sorted(file for file in path.rglob("*") if file.is_file() and file.name.endswith(SUFFIXES))
        elif path.exists():
            files.append(path)
        else:
            raise NotFoundError(f"{path}: no such file or folder")
    return files


def read_documents(file: Path) -> Iterator[LocalDocument]:
    """Yield the documents of a file; one document a line is read line by line.

    Raises:
        SchemaError: the file cannot be read, or unpacked; the message names it.

    """
    name = file.name.removesuffix(".gz")
    try:
        with open(file, "rb") as raw:
            unpacked: BinaryIO = gzip.GzipFile(fileobj=raw) if file.name.endswith(".gz") else raw  # type: ignore[assignment]
            if not name.endswith(".jsonl"):
                yield LocalDocument(file, unpacked.read(), raw.tell())
                return
            for number, line in enumerate(unpacked, start=1):
                if line.strip():
                    yield LocalDocument(file, line, raw.tell(), number)
    except (OSError, EOFError, zlib.error) as error:
        raise SchemaError(f"{file}: cannot be read: {error}") from None
