"""Conditions that queries share; each is written once, with parameters, so that statements are built once.

A parameter that is None takes no part. `parameters` functions give the values that belong to a condition.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..identifiers import Environment
from ..normalize import normalize_extra, parse_python_solver_name

IN_ENVIRONMENT = """(
    (:os_name IS NULL OR solved_software_environment.os_name = :os_name)
    AND (:os_version IS NULL OR solved_software_environment.os_version = :os_version)
    AND (:python_version IS NULL OR solved_software_environment.python_version = :python_version)
)"""
"""The environment is one of those that `environment_parameters` name."""

COUNTS = """(
    (:without_extra AND depends_on.extra IS NULL OR depends_on.extra = ANY(CAST(:extras AS text[])))
    AND (depends_on.marker_evaluation_result IS FALSE) = :marker_failed
)"""
"""The requirement is one that `requirement_parameters` ask for."""


def environment_parameters(environment: Environment) -> dict[str, Any]:
    """Return the parameters of `IN_ENVIRONMENT`."""
    return {
        "os_name": environment.os_name,
        "os_version": environment.os_version,
        "python_version": environment.python_version,
    }


def solver_environment(solver_name: str | None) -> Environment:
    """Return the environment of a solver; without a name, any environment.

    Raises:
        ValueError: the name is not that of a solver.

    """
    return Environment() if solver_name is None else Environment(**parse_python_solver_name(solver_name))


def requirement_parameters(
    extras: Iterable[str | None] | None, marker_evaluation_result: bool | None
) -> dict[str, Any]:
    """Return the parameters of `COUNTS`.

    Args:
        extras: extras whose requirements count, None among them for requirements without an extra. Not given: those
            without an extra.
        marker_evaluation_result: False for requirements whose marker did not hold; otherwise those whose marker held,
            could not be evaluated, or that have none.

    """
    wanted = frozenset((None,)) if extras is None else frozenset(extras)
    return {
        "without_extra": None in wanted,
        "extras": sorted(normalize_extra(extra) for extra in wanted if extra is not None),
        "marker_failed": marker_evaluation_result is False,
    }


def normalized_extras(extras: Iterable[str | None] | None) -> frozenset[str | None] | None:
    """Return extras as they are stored; None for the usual question, which is about none."""
    if extras is None:
        return None
    wanted = frozenset(None if extra is None else normalize_extra(extra) for extra in extras)
    return None if wanted == {None} else wanted


def page_parameters(start_offset: int, count: int) -> dict[str, int]:
    """Return the parameters ``start_offset`` and ``count`` of a page.

    Raises:
        ValueError: one of them is negative.

    """
    for name, value in (("start_offset", start_offset), ("count", count)):
        if value < 0:
            raise ValueError(f"{name} is negative: {value}")
    return {"start_offset": start_offset, "count": count}
