"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and will not for ever, or not for all."""
    ERROR = "error"
    """Something does not work."""


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    check: str
    """Name of the check."""
    status: Status
    found: str
    advice: str = ""
    """What to do."""


def named(names: list[str], most: int = 3) -> str:
    """Return the first of some names, and how many there are besides."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
