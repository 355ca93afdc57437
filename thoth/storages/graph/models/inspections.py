"""Amun inspections: builds and runs of a software stack."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text


class InspectionRun(Base, BaseExtension):
    """One run of an inspection; an inspection with a batch size has several."""

    __tablename__ = "inspection_run"
    NATURAL_KEY = ("inspection_document_id", "inspection_result_number")
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    inspection_document_id: Mapped[text]
    inspection_result_number: Mapped[int] = mapped_column(server_default="0")
