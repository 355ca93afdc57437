"""What is inside an image or an artifact: source files, told by digests, and versioned symbols of libraries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from ..exceptions import SchemaError, shown

_SHA256 = re.compile(r"[0-9a-f]{64}")


class PythonFile(msgspec.Struct, frozen=True):
    """A Python source file and its content, told by a digest."""

    filepath: str
    sha256: str


def paths_by_digest(files: Iterable[tuple[int, str, str]], path: str) -> dict[bytes, list[str]]:
    """Return the paths of files by the digest of their content.

    Args:
        files: positions in the list of the document, paths and hexadecimal SHA-256 digests.
        path: where in the document they are listed, for the error.

    Returns:
        Paths by digest, distinct, sorted.

    Raises:
        SchemaError: a path is empty, or a digest is none.

    """
    found: dict[bytes, set[str]] = {}
    for number, name, digest in files:
        if not name:
            raise SchemaError(f"{path}[{number}].filepath: empty")
        hexadecimal = digest.lower().removeprefix("sha256:")
        if _SHA256.fullmatch(hexadecimal) is None:
            raise SchemaError(f"{path}[{number}].sha256: not a SHA-256 digest: {shown(digest)}")
        found.setdefault(bytes.fromhex(hexadecimal), set()).add(name)
    return {digest: sorted(names) for digest, names in found.items()}


def symbols_of_libraries(symbols: Mapping[str, list[str] | None] | None, path: str) -> set[tuple[str, str]]:
    """Return versioned symbols, each with its library.

    Args:
        symbols: symbols by library, as documents hold them.
        path: where in the document they are, for the error.

    Raises:
        SchemaError: a library or a symbol has no name.

    """
    found = {(library, symbol) for library, names in (symbols or {}).items() for symbol in names or ()}
    for library, symbol in found:
        if not library or not symbol:
            raise SchemaError(f"{path}.{library}: a library or a symbol without a name")
    return found
