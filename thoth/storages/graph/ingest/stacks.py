"""Software stacks that documents of several kinds name: requirements and locks, each set stored once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from ...documents.base import Interned
from ...documents.stacks import LockFact, RequirementsFact, StackFact
from ..known_ids import known_ids
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

F = TypeVar("F", bound=Interned)

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
    "other_fields",
)


Release = tuple[str, str | None]
"""Name and version."""


def stack_ids(session: Session, stacks: Iterable[StackFact | None]) -> list[int | None]:
    """Return the id of each software stack, made when missing with all that it holds; None for None.

    Seven statements at most, however many stacks there are.
    """
    wanted = list(stacks)
    given = [stack for stack in wanted if stack is not None]
    index_and_release_ids(session, given)  # of all parts, before the first of them is written
    requirements = requirements_ids(session, (stack.requirements for stack in given))
    locks = _lock_ids(session, (stack.lock for stack in given))
    rows = [
        dict(zip(PythonSoftwareStack.NATURAL_KEY, (stack.software_stack_type, pipfile, lock), strict=True))
        for stack, pipfile, lock in zip(given, requirements, locks, strict=True)
    ]
    ids = known_or_new_ids(session, PythonSoftwareStack, rows)
    found = iter([ids[tuple(row.values())] for row in rows])
    return [None if stack is None else next(found) for stack in wanted]


def requirements_ids(session: Session, facts: Iterable[RequirementsFact | None]) -> list[int | None]:
    """Return the id of each set of requirements, made when missing; None for None."""
    sets, digests = _sets(facts)
    new = _not_known(session, PythonRequirements, sets)
    index_ids = _index_ids(session, _index_urls(new))
    ids = known_or_new_ids(
        session,
        PythonRequirements,
        (
            {
                "digest": digest,
                "python_version": fact.python_version,
                "index_urls": fact.index_urls,
                "other_fields": msgspec.Raw(fact.other_fields.encode()),
            }
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
        for digest, fact in new.items()
        for number, requirement in enumerate(fact.requirements)
    ]
    _insert_members(session, PythonRequirement, _REQUIREMENT_COLUMNS, members)
    return [None if digest is None else ids[digest] for digest in digests]


def index_and_release_ids(
    session: Session,
    stacks: Iterable[StackFact | None],
    *,
    index_urls: Iterable[str] = (),
    releases: Iterable[Release] = (),
) -> tuple[dict[Hashable, int], dict[Hashable, int]]:
    """Return the ids of indexes and of releases, made when missing: those of software stacks, and others.

    A document that names indexes or releases beside its stacks asks for all of them here before it calls `stack_ids`,
    which then finds them known: every writer takes each of the two tables once, and before the sets.

    Args:
        session: an open session.
        stacks: software stacks; those of their sets that are known to be in are left out.
        index_urls: URLs of further indexes.
        releases: further releases.

    Returns:
        Ids by URL, and ids by name and version.

    """
    given = [stack for stack in stacks if stack is not None]
    requirements = _not_known(session, PythonRequirements, _sets(stack.requirements for stack in given)[0])
    locks = _not_known(session, PythonRequirementsLock, _sets(stack.lock for stack in given)[0])
    index_ids = _index_ids(session, {*index_urls, *_index_urls(requirements), *_index_urls(locks)})
    return index_ids, _release_ids(session, {*releases, *_releases(locks)})


def _lock_ids(session: Session, facts: Iterable[LockFact | None]) -> list[int | None]:
    sets, digests = _sets(facts)
    new = _not_known(session, PythonRequirementsLock, sets)
    index_ids = _index_ids(session, _index_urls(new))
    release_ids = _release_ids(session, _releases(new))
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
            msgspec.Raw(package.other_fields.encode()),
        )
        for digest, fact in new.items()
        for number, package in enumerate(fact.packages)
    ]
    _insert_members(session, LockedPythonPackage, _LOCKED_COLUMNS, members)
    return [None if digest is None else ids[digest] for digest in digests]


def _sets(facts: Iterable[F | None]) -> tuple[dict[bytes, F], list[bytes | None]]:
    """Return facts by digest, and the digest of each."""
    digests = [(fact, None if fact is None else fact.digest()) for fact in facts]
    return (
        {digest: fact for fact, digest in digests if fact is not None and digest is not None},
        [digest for _, digest in digests],
    )


def _not_known(session: Session, model: type[Base], sets: dict[bytes, F]) -> dict[bytes, F]:
    """Return the sets that may be new; those that are known have their members."""
    known = known_ids(session)
    return {digest: fact for digest, fact in sets.items() if known.get(model.__tablename__, digest) is None}


def _index_urls(sets: dict[bytes, RequirementsFact] | dict[bytes, LockFact]) -> set[str]:
    return {
        member.index_url
        for fact in sets.values()
        for member in (fact.packages if isinstance(fact, LockFact) else fact.requirements)
    }


def _releases(locks: dict[bytes, LockFact]) -> set[Release]:
    return {
        (package.package_name, package.package_version or None) for fact in locks.values() for package in fact.packages
    }


def _index_ids(session: Session, urls: Iterable[str]) -> dict[Hashable, int]:
    return known_or_new_ids(session, PythonPackageIndex, ({"url": url} for url in urls if url))


def _release_ids(session: Session, releases: Iterable[Release]) -> dict[Hashable, int]:
    rows = ({"package_name": name, "package_version": version} for name, version in releases)
    return known_or_new_ids(session, PythonRelease, rows)


def _insert_members(
    session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert the members of sets that are new; a set that is in has its members, as both come in one transaction."""
    if not rows:
        return
    statement = _insert_members_statement(model, tuple(columns))
    session.execute(statement, {"rows": encode(dict(zip(columns, row, strict=True)) for row in rows)})


@lru_cache(maxsize=256)
def _insert_members_statement(model: type[Base], columns: tuple[str, ...]) -> TextClause:
    owner = columns[0]
    return text(
        f"""
        INSERT INTO {model.__tablename__} ({", ".join(columns)})
        SELECT {", ".join(columns)} FROM {recordset(model, columns)}
        WHERE NOT EXISTS (SELECT FROM {model.__tablename__} AS stored WHERE stored.{owner} = wanted.{owner})
        """
    )
