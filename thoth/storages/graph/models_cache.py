"""The schema of a graph cache file (SQLite): a packed part that a build writes, and rows that are added beside it.

The packed part has a blob for each package and environment (`cache_format`), as a resolver asks thousands of times in
a row; what is added later, while a resolver runs, are plain rows, which the next build packs. What both hold has
checksums (`cache_checks`).
"""

from __future__ import annotations

from textwrap import dedent

from sqlalchemy import ForeignKey, MetaData, UniqueConstraint
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable

from .models_base import NAMING_CONVENTION

SCHEMA_VERSION = 4
"""Version of this schema and of the form of the blobs; a file of another version is not read."""

APPLICATION_ID = 0x54684743
"""Marks a SQLite file as a graph cache: https://www.sqlite.org/pragma.html#pragma_application_id."""


class CacheBase(DeclarativeBase):
    """Base of the models of a graph cache file."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class CacheInfo(CacheBase):
    """What the file is: when and from where it was made, what it is complete for, how much is packed.

    ``digest`` is that of the packed packages and blobs; ``checksum`` that of this table and of those that have names.
    """

    __tablename__ = "cache_info"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    """JSON."""


class CachedEnvironment(CacheBase):
    """An environment that the packed part covers."""

    __tablename__ = "cached_environment"

    id: Mapped[int] = mapped_column(primary_key=True)
    os_name: Mapped[str]
    os_version: Mapped[str]
    python_version: Mapped[str]


class CachedIndex(CacheBase):
    """A package index that the packed part names."""

    __tablename__ = "cached_index"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]


class CachedExtra(CacheBase):
    """An extra that the packed part names."""

    __tablename__ = "cached_extra"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class PackedPackage(CacheBase):
    """A package with its versions that the packed part names."""

    __tablename__ = "packed_package"

    id: Mapped[int] = mapped_column(primary_key=True)
    package_name: Mapped[str] = mapped_column(unique=True)
    versions: Mapped[str]
    """JSON list, in the order of PEP 440: what a specifier admits is mostly one run of it."""
    environments: Mapped[str]
    """Ids of those in which something is known of it, as a JSON list: a blob that is missing is noticed."""
    is_complete: Mapped[bool]
    """Whether it was asked for by name: all versions that the database knows are here."""
    checksum: Mapped[int]


class PackedSolved(CacheBase):
    """What is known of the versions of a package in an environment."""

    __tablename__ = "packed_solved"

    package_id: Mapped[int] = mapped_column(ForeignKey(PackedPackage.id), primary_key=True)
    environment_id: Mapped[int] = mapped_column(ForeignKey(CachedEnvironment.id), primary_key=True)
    body: Mapped[bytes]
    """See `cache_format`."""
    checksum: Mapped[int]
    """That of ``body``."""
    dependents: Mapped[bytes]
    """Ids of the packages whose plain lists name this one, in order, as numbers of 32 bits."""
    dependents_checksum: Mapped[int]


class CachedEntity(CacheBase):
    """A name and version that the rows below refer to."""

    __tablename__ = "python_package_version_entity"
    __table_args__ = (UniqueConstraint("package_name", "package_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    package_name: Mapped[str]
    package_version: Mapped[str]


class CachedVersion(CacheBase):
    """A package version on an index in an environment that was added."""

    __tablename__ = "python_package_version"
    __table_args__ = (UniqueConstraint("entity_id", "index_url", "os_name", "os_version", "python_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey(CachedEntity.id))
    index_url: Mapped[str]
    os_name: Mapped[str]
    os_version: Mapped[str]
    python_version: Mapped[str]
    dependencies_checksum: Mapped[int | None]
    """That of its rows in ``depends_on``, possibly none; without one, nothing is known of what it depends on."""
    checksum: Mapped[int]
    """That of the rest of the row."""


class CachedDependsOn(CacheBase):
    """A version that an added package version depends on, without extras, by a marker that held."""

    __tablename__ = "depends_on"

    version_id: Mapped[int] = mapped_column(ForeignKey(CachedVersion.id), primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey(CachedEntity.id), primary_key=True)


class CachedListing(CacheBase):
    """All indexes were asked for a name and version in an environment: ``python_package_version`` has all records."""

    __tablename__ = "record_listing"

    entity_id: Mapped[int] = mapped_column(ForeignKey(CachedEntity.id), primary_key=True)
    os_name: Mapped[str] = mapped_column(primary_key=True)
    os_version: Mapped[str] = mapped_column(primary_key=True)
    python_version: Mapped[str] = mapped_column(primary_key=True)
    checksum: Mapped[int]
    """That of the URLs of the indexes, too."""


# For people: the library asks none of them, so that opening a file costs nothing but reading their text.
VIEWS = {
    "v_package_version": """
        SELECT package_name, version.value AS package_version, version.key AS position
        FROM packed_package, json_each(versions) AS version
    """,
    "v_package_environment": """
        SELECT package_name, os_name, os_version, python_version
        FROM packed_package, json_each(environments) AS environment
        JOIN cached_environment ON cached_environment.id = environment.value
    """,
    "v_added_package_version": """
        SELECT package_name, package_version, index_url, os_name, os_version, python_version,
               dependencies_checksum IS NOT NULL AS are_dependencies_known
        FROM python_package_version AS version
        JOIN python_package_version_entity AS entity ON entity.id = version.entity_id
    """,
    "v_added_dependency": """
        SELECT entity.package_name, entity.package_version, index_url, os_name, os_version, python_version,
               dependency.package_name AS dependency_name, dependency.package_version AS dependency_version
        FROM depends_on
        JOIN python_package_version AS version ON version.id = depends_on.version_id
        JOIN python_package_version_entity AS entity ON entity.id = version.entity_id
        JOIN python_package_version_entity AS dependency ON dependency.id = depends_on.entity_id
    """,
}
"""What the tables say, as ``sqlite3`` and Datasette can show it."""


def schema_statements() -> list[str]:
    """Return the statements that make the schema in an empty file."""
    dialect = sqlite.dialect()
    statements = [f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {SCHEMA_VERSION}"]
    for table in CacheBase.metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements.extend(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    return statements + [f"CREATE VIEW {name} AS {dedent(query).strip()}" for name, query in VIEWS.items()]
