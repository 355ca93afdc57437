"""Environments: those in which packages are solved, and those in which software runs or is built."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, digest, intpk, natural_key, text


class SolvedSoftwareEnvironment(Base, BaseExtension):
    """An operating system and a Python in which a solver ran, for example RHEL 8 with Python 3.8."""

    __tablename__ = "solved_software_environment"
    NATURAL_KEY = ("os_name", "os_version", "python_version")
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    os_name: Mapped[text]
    os_version: Mapped[text]
    python_version: Mapped[text]


class SoftwareEnvironment(Base, BaseExtension):
    """An environment that somebody runs or builds software in: a container image, or what a user said of theirs."""

    __tablename__ = "software_environment"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "environment_name"),  # listings of environments, and analyses of one
    )

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of the columns below, written as JSON."""
    environment_name: Mapped[text | None]
    """Name that its user gave it, or the reference of the image as it was pulled."""
    environment_type: Mapped[text]
    """``RUNTIME`` or ``BUILDTIME``."""
    is_external: Mapped[bool]
    """Whether it is that of a user, and not one that Thoth offers."""
    os_name: Mapped[text | None]
    os_version: Mapped[text | None]
    python_version: Mapped[text | None]
    cuda_version: Mapped[text | None]
    cudnn_version: Mapped[text | None]
    mkl_version: Mapped[text | None]
    openblas_version: Mapped[text | None]
    openmpi_version: Mapped[text | None]
    base_image: Mapped[text | None]
    platform: Mapped[text | None]


class HardwareInformation(Base, BaseExtension):
    """Hardware that software runs on, as far as somebody told."""

    __tablename__ = "hardware_information"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of the columns below, written as JSON."""
    cpu_vendor: Mapped[text | None]
    cpu_model: Mapped[int | None]
    cpu_cores: Mapped[int | None]
    cpu_model_name: Mapped[text | None]
    cpu_family: Mapped[int | None]
    cpu_physical_cpus: Mapped[int | None]
    gpu_model_name: Mapped[text | None]
    gpu_vendor: Mapped[text | None]
    gpu_cores: Mapped[int | None]
    gpu_memory_size: Mapped[int | None] = mapped_column(BigInteger)
    ram_size: Mapped[int | None] = mapped_column(BigInteger)
