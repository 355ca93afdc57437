"""Software stacks that documents of several kinds name: requirements and locks, each set stored once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from ...documents.stacks import LockFact, RequirementsFact, StackFact
from ..models import (
    LockedPythonPackage,
    PythonPackageIndex,
    PythonRelease,
    PythonRequirement,
    PythonRequirements,
    PythonRequirementsLock,
    PythonSoftwareStack,
)
from ..models_base import Base
from ..upsert import encode, recordset
from .lookup import known_or_new_ids

_REQUIREMENT_COLUMNS = (
    "python_requirements_id",
    "requirement_number",
    "package_name",
    "specifier",
    "extras",
    "marker",
    "develop",
    "python_package_index_id",
    "other_fields",
)
_LOCKED_COLUMNS = (
    "python_requirements_lock_id",
    "package_number",
    "python_release_id",
    "python_package_index_id",
    "develop",
    "extras",
    "marker",
    "hashes",
)


def stack_ids(session: Session, stacks: Iterable[StackFact | None]) -> list[int | None]:
    """Return the id of each software stack, made when missing with all that it holds; None for None.

    Seven statements at most, however many stacks there are.
    """
    wanted = list(stacks)
    given = [stack for stack in wanted if stack is not None]
    requirements = requirements_ids(session, (stack.requirements for stack in given))
    locks = _lock_ids(session, [stack.lock for stack in given])
    rows = [
        dict(zip(PythonSoftwareStack.NATURAL_KEY, (stack.software_stack_type, pipfile, lock), strict=True))
        for stack, pipfile, lock in zip(given, requirements, locks, strict=True)
    ]
    ids = known_or_new_ids(session, PythonSoftwareStack, rows)
    found = iter([ids[tuple(row.values())] for row in rows])
    return [None if stack is None else next(found) for stack in wanted]


def requirements_ids(session: Session, facts: Iterable[RequirementsFact | None]) -> list[int | None]:
    """Return the id of each set of requirements, made when missing; None for None."""
    wanted = [(fact, None if fact is None else fact.digest()) for fact in facts]
    sets = {digest: fact for fact, digest in wanted if fact is not None}
    urls = {requirement.index_url for fact in sets.values() for requirement in fact.requirements}
    index_ids = _index_ids(session, urls)
    ids = known_or_new_ids(
        session,
        PythonRequirements,
        (
            {"digest": digest, "python_version": fact.python_version, "index_urls": fact.index_urls}
            for digest, fact in sets.items()
        ),
    )
    members = [
        (
            ids[digest],
            number,
            requirement.package_name,
            requirement.specifier,
            requirement.extras,
            requirement.marker or None,
            requirement.develop,
            index_ids.get(requirement.index_url),
            msgspec.Raw(requirement.other_fields.encode()),
        )
        for digest, fact in sets.items()
        for number, requirement in enumerate(fact.requirements)
    ]
    _insert_members(session, PythonRequirement, _REQUIREMENT_COLUMNS, members)
    return [None if digest is None else ids[digest] for _, digest in wanted]


def _lock_ids(session: Session, facts: Sequence[LockFact | None]) -> list[int | None]:
    wanted = [(fact, None if fact is None else fact.digest()) for fact in facts]
    sets = {digest: fact for fact, digest in wanted if fact is not None}
    packages = [package for fact in sets.values() for package in fact.packages]
    index_ids = _index_ids(session, {package.index_url for package in packages})
    release_ids = known_or_new_ids(
        session,
        PythonRelease,
        (
            {"package_name": package.package_name, "package_version": package.package_version or None}
            for package in packages
        ),
    )
    ids = known_or_new_ids(session, PythonRequirementsLock, ({"digest": digest} for digest in sets))
    members = [
        (
            ids[digest],
            number,
            release_ids[package.package_name, package.package_version or None],
            index_ids.get(package.index_url),
            package.develop,
            package.extras,
            package.marker or None,
            package.hashes,
        )
        for digest, fact in sets.items()
        for number, package in enumerate(fact.packages)
    ]
    _insert_members(session, LockedPythonPackage, _LOCKED_COLUMNS, members)
    return [None if digest is None else ids[digest] for _, digest in wanted]


def _index_ids(session: Session, urls: Iterable[str]) -> dict[Any, int]:
    return known_or_new_ids(session, PythonPackageIndex, ({"url": url} for url in sorted(urls) if url))


def _insert_members(
    session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert the members of sets that are new; a set that is in has its members, as both come in one transaction."""
    if not rows:
        return
    owner, *_ = columns
    statement = text(
        f"""
        INSERT INTO {model.__tablename__} ({", ".join(columns)})
        SELECT {", ".join(columns)} FROM {recordset(model, columns)}
        WHERE NOT EXISTS (SELECT FROM {model.__tablename__} AS stored WHERE stored.{owner} = wanted.{owner})
        """
    )
    session.execute(statement, {"rows": encode(dict(zip(columns, row, strict=True)) for row in rows)})
