"""Amun inspections: builds and runs of a software stack."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text, timestamp
from .environments import HardwareInformation, SoftwareEnvironment
from .stacks import PythonSoftwareStack


class InspectionRun(Base, BaseExtension):
    """One run of an inspection; an inspection with a batch size has several."""

    __tablename__ = "inspection_run"
    NATURAL_KEY = ("inspection_document_id", "inspection_result_number")
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "python_software_stack_id"),  # which inspections measured the stack; removals
        Index(None, "run_software_environment_id"),  # removals: is the environment that of another run, too
        Index(None, "build_software_environment_id"),  # removals: is the environment that of another run, too
        Index(None, "run_hardware_information_id"),  # removals: is the hardware that of another run, too
        Index(None, "build_hardware_information_id"),  # removals: is the hardware that of another run, too
    )

    id: Mapped[intpk]
    inspection_document_id: Mapped[text]
    inspection_result_number: Mapped[int] = mapped_column(server_default="0")
    datetime: Mapped[timestamp | None]
    """When the inspection was asked for."""
    amun_version: Mapped[text | None]
    base_image: Mapped[text | None]
    """The image that the inspected one was built from."""
    exit_code: Mapped[int | None]
    """How the script ended; none when there was no script."""
    build_requests_cpu: Mapped[float | None] = mapped_column(Double)
    """Cores."""
    build_requests_memory: Mapped[float | None] = mapped_column(Double)
    """GiB."""
    run_requests_cpu: Mapped[float | None] = mapped_column(Double)
    """Cores."""
    run_requests_memory: Mapped[float | None] = mapped_column(Double)
    """GiB."""
    python_software_stack_id: Mapped[int | None] = mapped_column(ForeignKey(PythonSoftwareStack.id))
    build_software_environment_id: Mapped[int | None] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    run_software_environment_id: Mapped[int | None] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    build_hardware_information_id: Mapped[int | None] = mapped_column(ForeignKey(HardwareInformation.id))
    run_hardware_information_id: Mapped[int | None] = mapped_column(ForeignKey(HardwareInformation.id))
