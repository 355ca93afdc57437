"""Python package indexes."""

from __future__ import annotations

from sqlalchemy import false, true
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, intpk, natural_key, text


class PythonPackageIndex(Base, BaseExtension):
    """A package index, for example https://pypi.org/simple; one seen in a document is registered, disabled."""

    __tablename__ = "python_package_index"
    NATURAL_KEY = ("url",)
    __table_args__ = (natural_key(*NATURAL_KEY),)

    id: Mapped[intpk]
    url: Mapped[text]
    warehouse_api_url: Mapped[text | None]
    verify_ssl: Mapped[bool] = mapped_column(server_default=true())
    enabled: Mapped[bool] = mapped_column(server_default=false())
