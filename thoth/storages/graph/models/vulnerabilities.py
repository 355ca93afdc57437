"""Known vulnerabilities of packages."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text
from .packages import PythonPackageVersionEntity


class CVE(Base, BaseExtension):
    """A vulnerability as an advisory database records it."""

    __tablename__ = "cve"
    NATURAL_KEY = ("cve_id",)
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    cve_id: Mapped[text]
    """Identifier of the record in its database, for example ``pyup.io-40291``."""
    cve_name: Mapped[text | None]
    """CVE identifier when one was assigned, for example ``CVE-2021-28363``."""
    version_range: Mapped[text]
    """Versions hit, as PEP 440 specifiers."""
    advisory: Mapped[text]


class HasVulnerability(Base, BaseExtension):
    """A release on an index has a vulnerability."""

    __tablename__ = "has_vulnerability"
    NATURAL_KEY = ("python_package_version_entity_id", "cve_id")

    python_package_version_entity_id: Mapped[int] = mapped_column(
        ForeignKey(PythonPackageVersionEntity.id), primary_key=True
    )
    cve_id: Mapped[int] = mapped_column(ForeignKey(CVE.id), primary_key=True)
