"""The readers of documents under atheris, which looks for bytes that take them where none took them before.

A program of its own, where atheris is installed: ``python -m tests.documents.fuzz CORPUS [options of libFuzzer]``.
Bytes are changed as such, or as the JSON that they are; an error that is none of the library's ends it.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["thoth.storages.documents", "thoth.storages.normalize", "packaging"]):
    from tests.hostile import blobs, mutated
    from thoth.storages.documents.base import parse
    from thoth.storages.exceptions import SchemaError
    from thoth.storages.sync import KINDS, kind_of


def read(blob: bytes) -> None:
    """Read bytes as documents of every kind."""
    try:
        document = parse(blob, "bytes")
    except SchemaError:
        return
    for reader in (kind_of, *(kind.read for kind in KINDS.values())):
        try:
            reader(document)
        except SchemaError as error:
            assert 0 < len(str(error)) < 1100


def changed(blob: bytes, max_size: int, seed: int) -> bytes:
    """Return other bytes: of a document, every other time, one with a change where a careless reader breaks."""
    if seed % 2:
        try:
            found = next(blobs(mutated(json.loads(blob), random.Random(seed))), b"")
        except (ValueError, RecursionError):
            found = b""
        if 0 < len(found) <= max_size:
            return found
    return bytes(atheris.Mutate(blob, max_size))


if __name__ == "__main__":
    atheris.Setup(sys.argv, read, custom_mutator=changed)
    atheris.Fuzz()
