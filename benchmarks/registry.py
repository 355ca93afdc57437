"""The list of benchmarks: groups of them, each of which can be run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .measure import FLOOR, LIBRARY, Subject
from .targets import Target
from .workspace import Workspace


@dataclass
class Benchmark:
    """One path, and those who go it."""

    name: str
    title: str
    subjects: list[Subject]
    targets: list[Target] = field(default_factory=list)
    rows: str = "rows"
    """What the numbers of rows count."""
    bare: Mapping[str, str] = field(default_factory=lambda: {LIBRARY: FLOOR})
    """Who stands in the place of whom and does nothing but what nobody can leave out, by label: what they do not reach,
    nobody does."""


Group = Callable[[Workspace], Iterator[Benchmark]]
"""Yields benchmarks one by one; each is measured before the next is asked for."""

GROUPS: dict[str, Group] = {}


def group(name: str) -> Callable[[Group], Group]:
    """Register a group of benchmarks."""

    def register(function: Group) -> Group:
        GROUPS[name] = function
        return function

    return register
