"""What documents of several kinds tell alike: environments and software stacks, each stored once by its content."""

from __future__ import annotations

import msgspec

from ..documents.base import Interned
from ..documents.environments import HardwareFact, SoftwareEnvironmentFact
from ..documents.stacks import LockFact, RequirementsFact, StackFact
from .facts import Facts


def tell_interned(facts: Facts, document_id: str, table: str, fact: Interned) -> str:
    """Tell a row whose natural key is the digest of its other columns; return the digest, hexadecimal."""
    digest = fact.digest().hex()
    if not facts.has(table, digest):
        columns = {name: getattr(fact, name) for name in fact.__struct_fields__}
        facts.add(table, document_id, digest=digest, **columns)
    return digest


def tell_software_environment(facts: Facts, document_id: str, fact: SoftwareEnvironmentFact | None) -> str | None:
    """Tell a software environment; return its digest, None for None."""
    return None if fact is None else tell_interned(facts, document_id, "software_environment", fact)


def tell_hardware(facts: Facts, document_id: str, fact: HardwareFact | None) -> str | None:
    """Tell hardware; return its digest, None for None."""
    return None if fact is None else tell_interned(facts, document_id, "hardware_information", fact)


def tell_stack(facts: Facts, document_id: str, stack: StackFact | None) -> tuple[str, str | None, str | None] | None:
    """Tell a software stack; return its natural key, None for None."""
    if stack is None:
        return None
    requirements = tell_requirements(facts, document_id, stack.requirements)
    return stack.software_stack_type, requirements, _tell_lock(facts, document_id, stack.lock)


def tell_requirements(facts: Facts, document_id: str, fact: RequirementsFact | None) -> str | None:
    """Tell the direct requirements of a project; return their digest, None for None."""
    if fact is None:
        return None
    digest = fact.digest().hex()
    if facts.has("python_requirements", digest):
        return digest
    facts.add(
        "python_requirements",
        document_id,
        digest=digest,
        python_version=fact.python_version,
        index_urls=fact.index_urls,
        other_fields=msgspec.json.decode(fact.other_fields),
    )
    for number, requirement in enumerate(fact.requirements):
        facts.add(
            "python_requirement",
            document_id,
            python_requirements_id=digest,
            requirement_number=number,
            package_name=requirement.package_name,
            specifier=requirement.specifier,
            extras=requirement.extras,
            marker=requirement.marker or None,
            develop=requirement.develop,
            python_package_index_id=requirement.index_url or None,
            other_fields=msgspec.json.decode(requirement.other_fields),
        )
    return digest


def _tell_lock(facts: Facts, document_id: str, fact: LockFact | None) -> str | None:
    if fact is None:
        return None
    digest = fact.digest().hex()
    if facts.has("python_requirements_lock", digest):
        return digest
    facts.add("python_requirements_lock", document_id, digest=digest)
    for number, package in enumerate(fact.packages):
        facts.add(
            "locked_python_package",
            document_id,
            python_requirements_lock_id=digest,
            package_number=number,
            python_release_id=(package.package_name, package.package_version or None),
            python_package_index_id=package.index_url or None,
            develop=package.develop,
            extras=package.extras,
            marker=package.marker or None,
            hashes=package.hashes,
            other_fields=msgspec.json.decode(package.other_fields),
        )
    return digest
