"""Solvers, their runs, and what each run says of each package version."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text, texts, timestamp
from .environments import SolvedSoftwareEnvironment
from .packages import PythonPackageLicense, PythonPackageMetadata, PythonPackageVersion


class EcosystemSolver(Base, BaseExtension):
    """A solver: what it is called, its version and the environment that it solves for."""

    __tablename__ = "ecosystem_solver"
    NATURAL_KEY = ("ecosystem", "solver_name", "solver_version", "solved_software_environment_id")
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    ecosystem: Mapped[text]
    solver_name: Mapped[text]
    solver_version: Mapped[text | None]
    solved_software_environment_id: Mapped[int] = mapped_column(ForeignKey(SolvedSoftwareEnvironment.id))


class SolverRun(Base, BaseExtension):
    """One run of a solver: one document."""

    __tablename__ = "solver_run"
    NATURAL_KEY = ("document_id",)
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "ecosystem_solver_id"),  # delete_solver_result: is the solver known from another run
    )

    id: Mapped[intpk]
    document_id: Mapped[text]
    datetime: Mapped[timestamp]
    duration: Mapped[int | None]
    """Seconds."""
    ecosystem_solver_id: Mapped[int] = mapped_column(ForeignKey(EcosystemSolver.id))


class Solved(Base, BaseExtension):
    """What a solver run says of a package version: that it was solved, or why not."""

    __tablename__ = "solved"
    NATURAL_KEY = ("python_package_version_id", "solver_run_id")
    __table_args__ = (
        Index(None, "solver_run_id"),  # delete_solver_result, solver_records_exist: what one document says
        Index(None, "python_package_metadata_id"),  # delete_solver_result: is the metadata of another run, too
        Index(None, "python_package_license_id"),  # delete_solver_result: is the licence of another run, too
    )

    python_package_version_id: Mapped[int] = mapped_column(ForeignKey(PythonPackageVersion.id), primary_key=True)
    solver_run_id: Mapped[int] = mapped_column(ForeignKey(SolverRun.id), primary_key=True)
    error: Mapped[bool]
    error_unsolvable: Mapped[bool]
    error_unparseable: Mapped[bool]
    is_provided: Mapped[bool | None]
    """Whether the index lists that version; told of failures only."""
    python_package_metadata_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageMetadata.id))
    python_package_license_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageLicense.id))
    package_license_warning: Mapped[bool | None]
    """Whether the licence found and the classifiers disagree."""
    import_packages: Mapped[texts]
    """Names that can be imported, as found in the files."""
