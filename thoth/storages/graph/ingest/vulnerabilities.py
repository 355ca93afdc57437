"""Vulnerabilities of packages, as advisory databases record them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ...normalize import normalize_python_index_url
from ..models import CVE, HasVulnerability, PythonPackageIndex
from ..queries.indexes import index_not_registered
from .packages import create_python_package_version_entity


def create_python_cve_record(
    session: Session,
    package_name: str,
    package_version: str,
    index_url: str,
    *,
    record_id: str,
    version_range: str,
    advisory: str,
    cve: str | None = None,
) -> tuple[CVE, bool]:
    """Record that a package version has a vulnerability; what is recorded of the vulnerability is brought up to date.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that has it.
        record_id: identifier in the advisory database, for example ``pyup.io-40291``.
        version_range: versions hit, as PEP 440 specifiers.
        advisory: what it is about.
        cve: the CVE identifier, when one was assigned.

    Returns:
        The vulnerability, and whether it was recorded for that package version before.

    Raises:
        PythonIndexNotRegistered: no index is registered under that URL.

    """
    url = normalize_python_index_url(index_url)
    if session.scalar(select(PythonPackageIndex.id).where(PythonPackageIndex.url == url)) is None:
        raise index_not_registered(index_url)
    entity = create_python_package_version_entity(session, package_name, package_version, url)
    assert entity is not None  # it is None for a package never seen, and only when it has to be
    values = {"cve_name": cve, "version_range": version_range, "advisory": advisory}
    cve_id = session.scalar(
        insert(CVE)
        .values(cve_id=record_id, **values)
        .on_conflict_do_update(index_elements=["cve_id"], set_=values)
        .returning(CVE.id)
    )
    created = session.scalar(
        insert(HasVulnerability)
        .values(python_package_version_entity_id=entity[0].id, cve_id=cve_id)
        .on_conflict_do_nothing()
        .returning(HasVulnerability.cve_id)
    )
    return session.get_one(CVE, cve_id), created is None
