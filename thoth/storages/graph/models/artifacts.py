"""Files of releases on an index: which there are, and what is inside them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, digest, intpk, natural_key, text, texts, timestamp
from .indexes import PythonPackageIndex
from .packages import PythonRelease
from .solvers import Solved


class PythonArtifact(Base, BaseExtension):
    """A file, a wheel or a source distribution, identified by its content."""

    __tablename__ = "python_artifact"
    NATURAL_KEY = ("artifact_hash_sha256",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    artifact_hash_sha256: Mapped[text]


class HasArtifact(Base, BaseExtension):
    """A solver run saw the file among those of the package version on its index."""

    __tablename__ = "has_artifact"
    NATURAL_KEY = ("python_package_version_id", "solver_run_id", "python_artifact_id")
    __table_args__ = (
        ForeignKeyConstraint(
            ["python_package_version_id", "solver_run_id"],
            [Solved.python_package_version_id, Solved.solver_run_id],
            ondelete="CASCADE",
        ),
        Index(None, "python_artifact_id"),  # removals: does another run know the file
    )

    python_package_version_id: Mapped[int] = mapped_column(primary_key=True)
    solver_run_id: Mapped[int] = mapped_column(primary_key=True)
    python_artifact_id: Mapped[int] = mapped_column(ForeignKey(PythonArtifact.id), primary_key=True)


class PythonFileDigest(Base, BaseExtension):
    """The content of a Python source file, in an artifact or in an image."""

    __tablename__ = "python_file_digest"
    NATURAL_KEY = ("sha256",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    sha256: Mapped[digest]


class VersionedSymbol(Base, BaseExtension):
    """A versioned symbol of a shared library, for example ``GLIBC_2.17`` of ``libc.so.6``."""

    __tablename__ = "versioned_symbol"
    NATURAL_KEY = ("library_name", "symbol")
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    library_name: Mapped[text]
    """In an image the path of the library, in an artifact the name that it is linked by."""
    symbol: Mapped[text]


class PackageAnalyzerRun(Base, BaseExtension):
    """One run of package-analyzer over the files of a release on an index: one document."""

    __tablename__ = "package_analyzer_run"
    NATURAL_KEY = ("document_id",)
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "python_release_id"),  # which releases are not analysed; symbols of one; removals
    )

    id: Mapped[intpk]
    document_id: Mapped[text]
    datetime: Mapped[timestamp]
    duration: Mapped[int | None]
    """Seconds."""
    package_analyzer_name: Mapped[text | None]
    package_analyzer_version: Mapped[text | None]
    debug: Mapped[bool]
    package_analyzer_error: Mapped[bool]
    error_message: Mapped[text | None]
    python_release_id: Mapped[int] = mapped_column(ForeignKey(PythonRelease.id))
    python_package_index_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageIndex.id))


class InvestigatedArtifact(Base, BaseExtension):
    """A file that package-analyzer looked into."""

    __tablename__ = "investigated_artifact"
    NATURAL_KEY = ("package_analyzer_run_id", "python_artifact_id")
    __table_args__ = (
        Index(None, "python_artifact_id"),  # removals: does another run know the file
    )

    package_analyzer_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageAnalyzerRun.id, ondelete="CASCADE"), primary_key=True
    )
    python_artifact_id: Mapped[int] = mapped_column(ForeignKey(PythonArtifact.id), primary_key=True)
    artifact_name: Mapped[text | None]
    """Name of the file on the index."""


class IncludedFile(Base, BaseExtension):
    """The content of a Python source file is inside an artifact.

    Paths are an array and no key: they may be longer than an index takes.
    """

    __tablename__ = "included_file"
    NATURAL_KEY = ("package_analyzer_run_id", "python_artifact_id", "python_file_digest_id")
    __table_args__ = (
        Index(None, "python_artifact_id"),  # removals: does another run know the file
        Index(None, "python_file_digest_id"),  # removals: is the content somewhere else, too
    )

    package_analyzer_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageAnalyzerRun.id, ondelete="CASCADE"), primary_key=True
    )
    python_artifact_id: Mapped[int] = mapped_column(ForeignKey(PythonArtifact.id), primary_key=True)
    python_file_digest_id: Mapped[int] = mapped_column(ForeignKey(PythonFileDigest.id), primary_key=True)
    files: Mapped[texts]
    """Paths inside the artifact, distinct, sorted."""


class RequiresSymbol(Base, BaseExtension):
    """A versioned symbol that a binary inside an artifact needs."""

    __tablename__ = "requires_symbol"
    NATURAL_KEY = ("package_analyzer_run_id", "python_artifact_id", "versioned_symbol_id")
    __table_args__ = (
        Index(None, "python_artifact_id"),  # removals: does another run know the file
        Index(None, "versioned_symbol_id"),  # removals: does somebody else name the symbol
    )

    package_analyzer_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageAnalyzerRun.id, ondelete="CASCADE"), primary_key=True
    )
    python_artifact_id: Mapped[int] = mapped_column(ForeignKey(PythonArtifact.id), primary_key=True)
    versioned_symbol_id: Mapped[int] = mapped_column(ForeignKey(VersionedSymbol.id), primary_key=True)
