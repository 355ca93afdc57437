"""Known vulnerabilities of packages."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ...identifiers import PackageTuple
from ..sessions import ReadSession
from .wanted import WANTED, Wanted

CVERecord = dict[str, str | None]

_CVES = text(
    f"""
    SELECT DISTINCT wanted.n, cve.advisory, cve.cve_name, cve.cve_id, cve.version_range
    FROM {WANTED}
    JOIN python_release AS release ON release.package_name = wanted.package_name
        AND release.package_version = wanted.package_version
    JOIN python_package_version_entity AS entity ON entity.python_release_id = release.id
    JOIN has_vulnerability ON has_vulnerability.python_package_version_entity_id = entity.id
    JOIN cve ON cve.id = has_vulnerability.cve_id
    ORDER BY wanted.n, cve.cve_id
    """
)


def get_python_cve_records_many(
    session: ReadSession, package_tuples: Iterable[tuple[str, str, str | None]]
) -> dict[PackageTuple, list[CVERecord]]:
    """Return the vulnerabilities of package versions, in one statement for all.

    Args:
        session: an open session.
        package_tuples: the package versions; a vulnerability is one of the release, whatever the index.

    Returns:
        By package tuple, what `get_python_cve_records` returns.

    """
    wanted = Wanted(package_tuples)
    records: dict[PackageTuple, list[CVERecord]] = {package: [] for package in wanted.packages}
    for n, advisory, cve_name, cve_id, version_range in session.execute(_CVES, wanted.parameters()):
        records[wanted.packages[n - 1]].append(
            {"advisory": advisory, "cve_name": cve_name, "cve_id": cve_id, "version_range": version_range}
        )
    return records


def get_python_cve_records(session: ReadSession, package_name: str, package_version: str) -> list[CVERecord]:
    """Return the known vulnerabilities of a release.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.

    Returns:
        Dictionaries with the keys ``advisory``, ``cve_name``, ``cve_id`` and ``version_range``, by ``cve_id``.

    """
    return next(iter(get_python_cve_records_many(session, [(package_name, package_version, None)]).values()))
