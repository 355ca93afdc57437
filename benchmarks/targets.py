"""What is aimed at: a ratio to another subject, a time, a number of statements, a size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .measure import LIBRARY, Outcome

Outcomes = Mapping[str, Outcome]
"""By the label of the subject."""


@dataclass(frozen=True)
class Target:
    """Something to aim at."""

    text: str
    measure: Callable[[Outcomes], float | None]
    """Returns what was measured; None when it was not."""
    bound: float
    at_least: bool = False
    unit: Callable[[float], str] = "{:.3g}".format

    def verdict(self, outcomes: Outcomes) -> tuple[str, bool | None]:
        """Return what was measured, as text, and whether it is what was aimed at; None when it was not measured."""
        value = self.measure(outcomes)
        if value is None:
            return "not measured", None
        return self.unit(value), value >= self.bound if self.at_least else value <= self.bound

    def of_bare(self, outcomes: Outcomes, bare: Mapping[str, str]) -> str:
        """Return what is measured when others stand for those that are compared; empty when that tells nothing.

        Args:
            outcomes: what was measured.
            bare: by the label of a subject that of the other one.

        """
        if not {LIBRARY, *bare.values()} <= outcomes.keys() or self.measure(outcomes) is None:
            return ""
        value = self.measure({**outcomes, **{label: outcomes[other] for label, other in bare.items()}})
        return "" if value in (None, 1.0, self.measure(outcomes)) else self.unit(value)


def faster(than: str, times: float, label: str = LIBRARY) -> Target:
    """Aim at being so many times as fast as another subject."""
    return Target(
        f"at least {times:g} times as fast as {than}", _ratio(than, label), times, True, "{:.3g} times".format
    )


def at_most(times: float, of: str, label: str = LIBRARY) -> Target:
    """Aim at taking at most so many times the time of another subject."""
    return Target(f"at most {times:g} times the time of {of}", _ratio(label, of), times, unit="{:.2f} times".format)


def under(seconds: float, label: str = LIBRARY) -> Target:
    """Aim at a time."""

    def measure(outcomes: Outcomes) -> float | None:
        return outcomes[label].median if label in outcomes else None

    return Target(f"under {duration(seconds)}{_of(label)}", measure, seconds, unit=duration)


def statements(most: int, label: str = LIBRARY) -> Target:
    """Aim at a number of statements."""

    def measure(outcomes: Outcomes) -> float | None:
        return outcomes[label].statements if label in outcomes else None

    return Target(f"at most {most} statement{'s' * (most != 1)}", measure, most, unit="{:g}".format)


def holds(text: str, bound: float, value: Callable[[], float | None], unit: Callable[[float], str]) -> Target:
    """Aim at a value that is not a time, being at most something."""
    return Target(text, lambda _: value(), bound, unit=unit)


def duration(seconds: float) -> str:
    """Return a time as people read it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def size(number: float) -> str:
    """Return a number of bytes as people read it."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(number) >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:.3g} bytes"


def _ratio(above: str, below: str) -> Callable[[Outcomes], float | None]:
    def measure(outcomes: Outcomes) -> float | None:
        if above not in outcomes or below not in outcomes:
            return None
        return outcomes[above].times(outcomes[below])

    return measure


def _of(label: str) -> str:
    return "" if label == LIBRARY else f" ({label})"
