"""Python packages: releases, releases on an index, package versions in an environment, their metadata."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..models_base import Base, BaseExtension, digest, intpk, natural_key, text, texts
from .indexes import PythonPackageIndex


class PythonRelease(Base, BaseExtension):
    """A version of a project, whatever the index; without a version, a project that somebody only mentioned."""

    __tablename__ = "python_release"
    NATURAL_KEY = ("package_name", "package_version")
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    package_name: Mapped[text]
    package_version: Mapped[text | None]


class PythonPackageVersionEntity(Base, BaseExtension):
    """A release on an index (or on none that was named) that somebody announced, solved or not."""

    __tablename__ = "python_package_version_entity"
    NATURAL_KEY = ("python_release_id", "python_package_index_id")
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    python_release_id: Mapped[int] = mapped_column(ForeignKey(PythonRelease.id))
    python_package_index_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageIndex.id))

    release: Mapped[PythonRelease] = relationship(lazy="joined", innerjoin=True)
    index: Mapped[PythonPackageIndex | None] = relationship(lazy="joined")
    package_name: AssociationProxy[str] = association_proxy("release", "package_name")
    package_version: AssociationProxy[str | None] = association_proxy("release", "package_version")
    index_url: AssociationProxy[str | None] = association_proxy("index", "url")


class PythonPackageVersion(Base, BaseExtension):
    """A release on an index in an environment, of which some solver document speaks.

    Without an index it is a fact about a release that no index was named for, such as a requirement that could
    not be parsed: known and counted, but no record and the target of no dependency.
    """

    __tablename__ = "python_package_version"
    # The release first: a closure looks up (release, environment), a record (release).
    NATURAL_KEY = ("python_release_id", "solved_software_environment_id", "python_package_index_id")
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        # What holds is one of the facts that documents state; checked at commit, as each row needs the other.
        ForeignKeyConstraint(
            ["id", "solver_run_id"],
            ["solved.python_package_version_id", "solved.solver_run_id"],
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
    )

    id: Mapped[intpk]
    python_release_id: Mapped[int] = mapped_column(ForeignKey(PythonRelease.id))
    solved_software_environment_id: Mapped[int] = mapped_column(ForeignKey("solved_software_environment.id"))
    python_package_index_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageIndex.id))
    solver_run_id: Mapped[int]
    """The latest solver run that speaks of this package version: what it says holds."""


class PythonPackageMetadata(Base, BaseExtension):
    """Core metadata of a distribution as found when it was installed, stored once for equal content.

    Fields: https://packaging.python.org/en/latest/specifications/core-metadata/
    """

    __tablename__ = "python_package_metadata"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of the fields below, written as JSON with sorted keys."""
    metadata_version: Mapped[text | None]
    name: Mapped[text | None]
    version: Mapped[text | None]
    summary: Mapped[text | None]
    description: Mapped[text | None]
    description_content_type: Mapped[text | None]
    keywords: Mapped[text | None]
    home_page: Mapped[text | None]
    download_url: Mapped[text | None]
    author: Mapped[text | None]
    author_email: Mapped[text | None]
    maintainer: Mapped[text | None]
    maintainer_email: Mapped[text | None]
    license: Mapped[text | None]
    requires_python: Mapped[text | None]
    classifiers: Mapped[texts]
    platforms: Mapped[texts]
    supported_platforms: Mapped[texts]
    requires_external: Mapped[texts]
    project_urls: Mapped[texts]
    provides_extra: Mapped[texts]
    requires_dist: Mapped[texts]
    provides_dist: Mapped[texts]
    obsoletes_dist: Mapped[texts]
    other_fields: Mapped[dict[str, object]] = mapped_column(JSONB)
    """Fields that have no column of their own, such as ``License-File`` and ``Dynamic``."""


class PythonPackageLicense(Base, BaseExtension):
    """A licence as license-solver told it."""

    __tablename__ = "python_package_license"
    NATURAL_KEY = ("license_name", "license_identifier", "license_version")
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    license_name: Mapped[text | None]
    license_identifier: Mapped[text | None]
    """SPDX identifier, or ``UNDETECTED``."""
    license_version: Mapped[text | None]
