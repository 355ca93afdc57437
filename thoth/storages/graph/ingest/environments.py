"""Environments that documents of several kinds name."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ...documents.base import Interned
from ...documents.environments import HardwareFact, SoftwareEnvironmentFact
from ..models import HardwareInformation, SoftwareEnvironment
from ..models_base import Base
from .lookup import known_or_new_ids


def hardware_ids(session: Session, facts: Iterable[HardwareFact | None]) -> list[int | None]:
    """Return the id of each piece of hardware, made when missing; None for None. One statement at most."""
    return interned_ids(session, HardwareInformation, facts)


def software_environment_ids(session: Session, facts: Iterable[SoftwareEnvironmentFact | None]) -> list[int | None]:
    """Return the id of each software environment, made when missing; None for None. One statement at most."""
    return interned_ids(session, SoftwareEnvironment, facts)


def interned_ids(
    session: Session, model: type[Base], facts: Iterable[Interned | None], *, remember: bool = True
) -> list[int | None]:
    """Return the id of each fact, made when missing; None for None. One statement at most.

    Args:
        session: an open session.
        model: the model of the table; its natural key is the digest of a fact, its other columns are the fields.
        facts: what documents state.
        remember: whether the rows are likely to be named again by other documents.

    """
    digests = [(fact, None if fact is None else fact.digest()) for fact in facts]
    rows = {
        digest: {"digest": digest, **{name: getattr(fact, name) for name in fact.__struct_fields__}}
        for fact, digest in digests
        if fact is not None
    }
    ids = known_or_new_ids(session, model, rows.values(), remember=remember)
    return [None if digest is None else ids[digest] for _, digest in digests]
