"""Tables that have everything a picture can show: all kinds of keys and of references, and a name with markup in it."""

from __future__ import annotations

from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Integer, Numeric, Text, UniqueConstraint, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from thoth.storages.graph.schema_diagram import Models

POSTGRESQL = make_url("postgresql+psycopg2://").get_dialect()()


class SmallBase(DeclarativeBase):
    """Of the tables below."""


class Release(SmallBase):
    """A release & its <name>."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("nick"))
    NATURAL_KEY = ("name",)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text(collation="C"))
    nick: Mapped[str | None]


class Part(SmallBase):
    """Refers to releases by a key, and by an array."""

    __tablename__ = "part"

    release_id: Mapped[int] = mapped_column(ForeignKey(Release.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    release_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), info={"refers_to": "release.id"})


class Piece(SmallBase):
    """Refers to a part by a key of two columns."""

    __tablename__ = "piece"
    __table_args__ = (ForeignKeyConstraint(["release_id", "number"], [Part.release_id, Part.number]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int]
    number: Mapped[int]
    other_id: Mapped[int | None] = mapped_column(ForeignKey(Release.id), unique=True)
    price: Mapped[float] = mapped_column(Numeric(10, 2))


class Crumb(SmallBase):
    """Far from the others."""

    __tablename__ = "crumb"

    id: Mapped[int] = mapped_column(primary_key=True)
    piece_id: Mapped[int] = mapped_column(ForeignKey(Piece.id))
    taste: Mapped[str]


def small_models() -> Models:
    return Models(SmallBase, POSTGRESQL)
