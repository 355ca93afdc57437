"""Environments in which packages are solved."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from ..models_base import Base, BaseExtension, intpk, natural_key, text


class SolvedSoftwareEnvironment(Base, BaseExtension):
    """An operating system and a Python in which a solver ran, for example RHEL 8 with Python 3.8."""

    __tablename__ = "solved_software_environment"
    NATURAL_KEY = ("os_name", "os_version", "python_version")
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    os_name: Mapped[text]
    os_version: Mapped[text]
    python_version: Mapped[text]
