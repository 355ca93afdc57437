"""Files of releases on an index."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text
from .solvers import Solved


class PythonArtifact(Base, BaseExtension):
    """A file, a wheel or a source distribution, identified by its content."""

    __tablename__ = "python_artifact"
    NATURAL_KEY = ("artifact_hash_sha256",)
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
        Index(None, "python_artifact_id"),  # delete_solver_result: does another run know the file
    )

    python_package_version_id: Mapped[int] = mapped_column(primary_key=True)
    solver_run_id: Mapped[int] = mapped_column(primary_key=True)
    python_artifact_id: Mapped[int] = mapped_column(ForeignKey(PythonArtifact.id), primary_key=True)
