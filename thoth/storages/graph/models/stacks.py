"""Software stacks: what somebody requires directly, and what that was locked to."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, digest, intpk, natural_key, text, texts
from .indexes import PythonPackageIndex
from .packages import PythonRelease


class PythonRequirements(Base, BaseExtension):
    """The direct requirements of a project as a ``Pipfile`` states them, stored once for equal content."""

    __tablename__ = "python_requirements"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of all that is said here and in ``python_requirement``, written as JSON."""
    python_version: Mapped[text | None]
    index_urls: Mapped[texts]
    """Indexes that packages may come from, in the order of the file."""
    other_fields: Mapped[dict[str, object]] = mapped_column(JSONB)
    """Sections that have no column of their own, such as ``pipenv``, which tells whether pre-releases are allowed."""


class PythonRequirement(Base, BaseExtension):
    """One of the direct requirements of a project."""

    __tablename__ = "python_requirement"
    NATURAL_KEY = ("python_requirements_id", "requirement_number")
    __table_args__ = (
        Index(None, "package_name"),  # which stacks require the package
        Index(None, "python_package_index_id"),  # which stacks take packages from the index
    )

    python_requirements_id: Mapped[int] = mapped_column(
        ForeignKey(PythonRequirements.id, ondelete="CASCADE"), primary_key=True
    )
    requirement_number: Mapped[int] = mapped_column(primary_key=True)
    """Position among the requirements, sorted by what they say."""
    package_name: Mapped[text]
    specifier: Mapped[text]
    """PEP 440 version specifiers, ``*`` when any version will do."""
    extras: Mapped[texts]
    marker: Mapped[text | None]
    """PEP 508 environment marker."""
    develop: Mapped[bool]
    """Whether it is needed to develop the project alone."""
    python_package_index_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageIndex.id))
    other_fields: Mapped[dict[str, object]] = mapped_column(JSONB)
    """Fields that have no column of their own, such as ``git`` and ``ref``."""


class PythonRequirementsLock(Base, BaseExtension):
    """The packages that requirements were locked to as ``Pipfile.lock`` states them, stored once for equal content."""

    __tablename__ = "python_requirements_lock"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of all that is said in ``locked_python_package``, written as JSON."""


class LockedPythonPackage(Base, BaseExtension):
    """One of the packages of a lock."""

    __tablename__ = "locked_python_package"
    NATURAL_KEY = ("python_requirements_lock_id", "package_number")
    __table_args__ = (
        Index(None, "python_release_id"),  # which stacks hold the release; removals
        Index(None, "python_package_index_id"),  # which stacks take packages from the index
    )

    python_requirements_lock_id: Mapped[int] = mapped_column(
        ForeignKey(PythonRequirementsLock.id, ondelete="CASCADE"), primary_key=True
    )
    package_number: Mapped[int] = mapped_column(primary_key=True)
    """Position among the packages, sorted by what is said of them."""
    python_release_id: Mapped[int] = mapped_column(ForeignKey(PythonRelease.id))
    python_package_index_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageIndex.id))
    develop: Mapped[bool]
    """Whether it is needed to develop the project alone."""
    extras: Mapped[texts]
    marker: Mapped[text | None]
    """PEP 508 environment marker."""
    hashes: Mapped[texts]
    """Digests of files that may be installed, sorted, each with its algorithm: ``sha256:...``."""
    other_fields: Mapped[dict[str, object]] = mapped_column(JSONB)
    """Fields that have no column of their own, such as ``git`` and ``ref``."""


class PythonSoftwareStack(Base, BaseExtension):
    """A software stack of somebody: requirements, and what they were locked to, when they were."""

    __tablename__ = "python_software_stack"
    NATURAL_KEY = ("software_stack_type", "python_requirements_id", "python_requirements_lock_id")
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "python_requirements_id"),  # removals: does a stack have these requirements
        Index(None, "python_requirements_lock_id"),  # removals: does a stack have this lock
    )

    id: Mapped[intpk]
    software_stack_type: Mapped[text]
    """``USER``, ``ADVISED`` or ``INSPECTION``."""
    python_requirements_id: Mapped[int | None] = mapped_column(ForeignKey(PythonRequirements.id))
    python_requirements_lock_id: Mapped[int | None] = mapped_column(ForeignKey(PythonRequirementsLock.id))
