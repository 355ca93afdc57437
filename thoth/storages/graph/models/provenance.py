"""Runs of the provenance checker, and what they report."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text, timestamp
from .environments import HardwareInformation, SoftwareEnvironment
from .indexes import PythonPackageIndex
from .packages import PythonRelease
from .stacks import PythonSoftwareStack


class ProvenanceCheckerRun(Base, BaseExtension):
    """One run of the provenance checker: one document."""

    __tablename__ = "provenance_checker_run"
    NATURAL_KEY = ("document_id",)
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "python_software_stack_id"),  # removals: is the stack that of another run, too
        Index(None, "software_environment_id"),  # removals: is the environment that of another run, too
        Index(None, "hardware_information_id"),  # removals: is the hardware that of another run, too
    )

    id: Mapped[intpk]
    document_id: Mapped[text]
    datetime: Mapped[timestamp]
    duration: Mapped[int | None]
    """Seconds."""
    provenance_checker_name: Mapped[text | None]
    provenance_checker_version: Mapped[text | None]
    debug: Mapped[bool]
    origin: Mapped[text | None]
    """Where the project is kept, for example the URL of its repository."""
    provenance_checker_error: Mapped[bool]
    error_message: Mapped[text | None]
    python_software_stack_id: Mapped[int | None] = mapped_column(ForeignKey(PythonSoftwareStack.id))
    """The stack that was checked."""
    software_environment_id: Mapped[int | None] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    hardware_information_id: Mapped[int | None] = mapped_column(ForeignKey(HardwareInformation.id))


class ProvenanceReportEntry(Base, BaseExtension):
    """Something that the provenance checker found."""

    __tablename__ = "provenance_report_entry"
    NATURAL_KEY = ("provenance_checker_run_id", "entry_number")
    __table_args__ = (
        Index(None, "python_release_id"),  # removals: does a report speak of the release
    )

    provenance_checker_run_id: Mapped[int] = mapped_column(
        ForeignKey(ProvenanceCheckerRun.id, ondelete="CASCADE"), primary_key=True
    )
    entry_number: Mapped[int] = mapped_column(primary_key=True)
    """Position in the document."""
    entry_type: Mapped[text | None]
    """``ERROR``, ``WARNING`` or ``INFO``."""
    entry_id: Mapped[text | None]
    """What kind of finding it is, for example ``MISSING-PACKAGE``; none when the check itself failed."""
    justification: Mapped[text | None]
    python_release_id: Mapped[int | None] = mapped_column(ForeignKey(PythonRelease.id))
    python_package_index_id: Mapped[int | None] = mapped_column(ForeignKey(PythonPackageIndex.id))
