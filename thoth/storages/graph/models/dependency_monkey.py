"""Runs of Dependency Monkey, and the inspections that they asked for."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text, timestamp
from .environments import HardwareInformation, SoftwareEnvironment
from .stacks import PythonRequirements


class DependencyMonkeyRun(Base, BaseExtension):
    """One run of Dependency Monkey: one document."""

    __tablename__ = "dependency_monkey_run"
    NATURAL_KEY = ("document_id",)
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "python_requirements_id"),  # removals: are the requirements those of another run, too
        Index(None, "run_software_environment_id"),  # removals: is the environment that of another run, too
        Index(None, "build_software_environment_id"),  # removals: is the environment that of another run, too
        Index(None, "hardware_information_id"),  # removals: is the hardware that of another run, too
    )

    id: Mapped[intpk]
    document_id: Mapped[text]
    datetime: Mapped[timestamp]
    duration: Mapped[int | None]
    """Seconds."""
    dependency_monkey_name: Mapped[text | None]
    dependency_monkey_version: Mapped[text | None]
    debug: Mapped[bool]
    dependency_monkey_error: Mapped[bool]
    error_message: Mapped[text | None]
    seed: Mapped[int | None] = mapped_column(BigInteger)
    decision: Mapped[text | None]
    """How stacks are chosen, for example ``all`` or ``random``."""
    count: Mapped[int | None]
    """Stacks asked for."""
    limit_latest_versions: Mapped[int | None]
    """How many versions of a package are considered; all when there is no limit."""
    skipped: Mapped[int | None]
    """Stacks that were not sent."""
    python_requirements_id: Mapped[int | None] = mapped_column(ForeignKey(PythonRequirements.id))
    run_software_environment_id: Mapped[int | None] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    build_software_environment_id: Mapped[int | None] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    hardware_information_id: Mapped[int | None] = mapped_column(ForeignKey(HardwareInformation.id))


class RequestedInspection(Base, BaseExtension):
    """An inspection that a run of Dependency Monkey asked for; its document may come earlier, later or never."""

    __tablename__ = "requested_inspection"
    NATURAL_KEY = ("dependency_monkey_run_id", "inspection_document_id")
    __table_args__ = (
        Index(None, "inspection_document_id"),  # who asked for the inspection
    )

    dependency_monkey_run_id: Mapped[int] = mapped_column(
        ForeignKey(DependencyMonkeyRun.id, ondelete="CASCADE"), primary_key=True
    )
    inspection_document_id: Mapped[text] = mapped_column(primary_key=True)
