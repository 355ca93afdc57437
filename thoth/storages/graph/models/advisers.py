"""Runs of the adviser, and the software stacks that they advised."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text, texts, timestamp
from .environments import HardwareInformation, SoftwareEnvironment
from .stacks import PythonSoftwareStack


class AdviserRun(Base, BaseExtension):
    """One run of the adviser: one document."""

    __tablename__ = "adviser_run"
    NATURAL_KEY = ("document_id",)
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "re_run_adviser_document_id"),  # which run repeated this one
        Index(None, "python_software_stack_id"),  # removals: is the stack that of another run, too
        Index(None, "software_environment_id"),  # removals: is the environment that of another run, too
        Index(None, "hardware_information_id"),  # removals: is the hardware that of another run, too
    )

    id: Mapped[intpk]
    document_id: Mapped[text]
    datetime: Mapped[timestamp]
    duration: Mapped[int | None]
    """Seconds."""
    adviser_name: Mapped[text | None]
    adviser_version: Mapped[text | None]
    debug: Mapped[bool]
    origin: Mapped[text | None]
    """Where the project is kept, for example the URL of its repository."""
    source_type: Mapped[text | None]
    """What asked for advice, upper case: ``CLI``, ``KEBECHET``, ``S2I``, ``GITHUB_APP``, ``JUPYTER_NOTEBOOK``."""
    is_s2i: Mapped[bool | None]
    re_run_adviser_document_id: Mapped[text | None]
    """The run that this one repeats."""
    adviser_error: Mapped[bool]
    error_message: Mapped[text | None]
    additional_stack_info: Mapped[bool]
    """Whether the adviser had something to say of the stack as a whole."""
    advised_configuration_changes: Mapped[bool]
    count: Mapped[int | None]
    """Stacks asked for."""
    stack_limit: Mapped[int | None]
    """Stacks to score at most."""
    limit_latest_versions: Mapped[int | None]
    """How many versions of a package are considered; all when there is no limit."""
    recommendation_type: Mapped[text | None]
    """Upper case, for example ``LATEST`` or ``PERFORMANCE``."""
    requirements_format: Mapped[text | None]
    """Upper case, for example ``PIPENV``."""
    unresolved: Mapped[texts]
    """Names of packages that could not be resolved: the advice has to be asked for again when they are solved."""
    python_software_stack_id: Mapped[int | None] = mapped_column(ForeignKey(PythonSoftwareStack.id))
    """The stack of the user."""
    software_environment_id: Mapped[int | None] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    hardware_information_id: Mapped[int | None] = mapped_column(ForeignKey(HardwareInformation.id))


class Advised(Base, BaseExtension):
    """A software stack that a run of the adviser recommends."""

    __tablename__ = "advised"
    NATURAL_KEY = ("adviser_run_id", "product_number")
    __table_args__ = (
        Index(None, "python_software_stack_id"),  # who was advised the stack; removals
    )

    adviser_run_id: Mapped[int] = mapped_column(ForeignKey(AdviserRun.id, ondelete="CASCADE"), primary_key=True)
    product_number: Mapped[int] = mapped_column(primary_key=True)
    """Position in the document, the best stack first."""
    python_software_stack_id: Mapped[int] = mapped_column(ForeignKey(PythonSoftwareStack.id))
    overall_score: Mapped[float | None] = mapped_column(Double)
    performance_score: Mapped[float | None] = mapped_column(Double)
    justification: Mapped[list[object]] = mapped_column(JSONB)
