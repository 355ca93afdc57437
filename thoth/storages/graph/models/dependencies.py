"""Dependencies: requirements as declared, and the sets of versions that they resolved to."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, digest, integers, intpk, natural_key, text
from .solvers import Solved


class VersionSet(Base, BaseExtension):
    """The versions of one project that a requirement admits, stored once: the same sets recur by the thousand."""

    __tablename__ = "version_set"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "package_name"),  # retrieve_dependent_packages: any version
        Index(None, "python_release_ids", postgresql_using="gin"),  # dependents, direct and transitive
    )

    id: Mapped[intpk]
    package_name: Mapped[text]
    digest: Mapped[digest]
    """SHA-256 of the name and the sorted versions, each ended by a NUL: the same in every database."""
    python_release_ids: Mapped[integers] = mapped_column(info={"refers_to": "python_release.id"})
    """Ids in ``python_release``, sorted; only the maintenance that looks for them here removes releases."""


class DependsOn(Base, BaseExtension):
    """A requirement of a package version, as one solver run found it; one row for each extra that asks for it."""

    __tablename__ = "depends_on"
    NATURAL_KEY = ("python_package_version_id", "solver_run_id", "requirement_number")
    __table_args__ = (
        ForeignKeyConstraint(
            ["python_package_version_id", "solver_run_id"],
            [Solved.python_package_version_id, Solved.solver_run_id],
            ondelete="CASCADE",
        ),
        Index(None, "version_set_id"),  # dependents: which requirements admit the set
    )

    python_package_version_id: Mapped[int] = mapped_column(primary_key=True)
    solver_run_id: Mapped[int] = mapped_column(primary_key=True)
    requirement_number: Mapped[int] = mapped_column(primary_key=True)
    """Position among the requirements of the package version, sorted by what they say."""
    version_set_id: Mapped[int] = mapped_column(ForeignKey(VersionSet.id))
    specifier: Mapped[text]
    """PEP 440 version specifiers, ``*`` when any version will do."""
    marker: Mapped[text | None]
    """PEP 508 environment marker."""
    extra: Mapped[text | None]
    """Extra of the package version that asks for the dependency."""
    marker_evaluation_result: Mapped[bool | None]
    """Whether the marker held in the environment; unknown when it could not be evaluated, and then held."""
