"""A whole graph cache file, compared with its digest and its checksums."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from ..exceptions import CacheFileError
from .cache_checks import ContentDigest, require, require_body
from .cache_format import Packed
from .cache_rows import AddedRows


@dataclass(frozen=True)
class VerifiedContent:
    """How much was found to be as it was written."""

    packages: int
    """Names in the packed part."""
    blobs: int
    """Packages in an environment."""
    added: int
    """Package versions that were added beside it."""


def verify_content(connection: sqlite3.Connection) -> VerifiedContent:
    """Read all of an open file; what `PackedPart` reads has been looked at already.

    Raises:
        CacheFileError: something is not as it was written; the message says what.
        sqlite3.Error: SQLite cannot read it.

    """
    for (problem,) in connection.execute("PRAGMA integrity_check(1)"):
        if problem != "ok":
            raise CacheFileError(f"damaged: SQLite finds: {' '.join(problem.split())}")
    digest = ContentDigest()
    counts: dict[int, tuple[str, int, set[int]]] = {}
    statement = "SELECT id, package_name, versions, environments, is_complete, checksum FROM packed_package ORDER BY id"
    for *values, stored in connection.execute(statement):
        id_, name, versions, environments, _ = values
        require(f"package {name!r}", stored, tuple(values))
        digest.add_package(*values)
        counts[id_] = name, len(json.loads(versions)), set(json.loads(environments))
    blobs = _verify_blobs(connection, digest, counts)
    row = connection.execute("SELECT value FROM cache_info WHERE key = 'digest'").fetchone()
    # A file without a packed part has no digest: it was made by adding to it.
    if (counts or row is not None) and (row is None or json.loads(row[0]) != digest.hexdigest()):
        raise CacheFileError("damaged: the digest of the packed part is not that of its content")
    return VerifiedContent(len(counts), blobs, AddedRows(connection).verify())


def _verify_blobs(
    connection: sqlite3.Connection, digest: ContentDigest, counts: dict[int, tuple[str, int, set[int]]]
) -> int:
    blobs = 0
    missing = {(id_, environment) for id_, (_, _, environments) in counts.items() for environment in environments}
    statement = """
        SELECT package_id, environment_id, body, checksum, dependents, dependents_checksum FROM packed_solved
        ORDER BY 1, 2
    """
    for package_id, environment_id, body, stored, dependents, stored_of_dependents in connection.execute(statement):
        if (package_id, environment_id) not in missing:
            raise CacheFileError(f"damaged: a blob belongs to no package: {package_id}, {environment_id}")
        missing.remove((package_id, environment_id))
        name, count, _ = counts[package_id]
        require_body(f"the versions of {name!r}", package_id, environment_id, body, stored)
        require_body(f"the dependents of {name!r}", package_id, environment_id, dependents, stored_of_dependents)
        if Packed(body).count != count:
            raise CacheFileError(f"damaged: the blob of package {name!r} is about another number of versions")
        digest.add_solved(package_id, environment_id, body, dependents)
        blobs += 1
    for package_id, environment_id in sorted(missing):
        raise CacheFileError(f"damaged: package {counts[package_id][0]!r} has no blob in environment {environment_id}")
    return blobs
