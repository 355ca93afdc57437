"""Documents in files: JSON, or one document a line (``.jsonl``), possibly packed with gzip."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..config import MAX_DOCUMENT_SIZE
from ..exceptions import NotFoundError, SchemaError
from .base import parse

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class LocalDocument:
    """A document in a file, not yet parsed."""

    file: Path
    blob: bytes
    """Of one that is too large, as much as tells that."""
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
            SchemaError: it is not a JSON object, or too large, or nested too deeply; the message holds the source.

        """
        return parse(self.blob, self.source)


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
                # A file of some kilobytes may unpack to as many gigabytes.
                blob = unpacked.read(MAX_DOCUMENT_SIZE.read() + 1)
                yield LocalDocument(file, blob, os.fstat(raw.fileno()).st_size)
                return
            for number, line in enumerate(_lines(unpacked), start=1):
                if line.strip():
                    yield LocalDocument(file, line, raw.tell(), number)
    except (OSError, EOFError, zlib.error) as error:
        raise SchemaError(f"{file}: cannot be read: {error}") from None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines; of one that is too long, as much as tells that: no more is held."""
    most = MAX_DOCUMENT_SIZE.read() + 1
    while line := file.readline(most):
        rest = line
        while len(rest) == most and not rest.endswith(b"\n"):
            rest = file.readline(most)
        yield line.removesuffix(b"\n")
