"""Sets of versions: interned by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def version_set_digest(package_name: str, versions: Iterable[str]) -> bytes:
    """Return what identifies a set of versions of a project: the same in every database.

    Args:
        package_name: normalised.
        versions: normalised, sorted, distinct. Neither holds a NUL character.

    """
    return hashlib.sha256("".join(f"{part}\0" for part in (package_name, *versions)).encode()).digest()
