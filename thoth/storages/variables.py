"""What an environment variable is: its name, its default, and how its text is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .exceptions import ConfigurationError, shown

T = TypeVar("T")

_SWITCH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_MAX_PORT = 65535
MAX_SECONDS = 2_000_000
"""PostgreSQL and sockets take milliseconds, in 31 bits."""
MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True)
class Variable(Generic[T]):
    """An environment variable: its name, its default, how its text is read and what it means."""

    name: str
    default: T
    parse: Callable[[str], T]
    meaning: str
    fallback: str | None = None
    is_secret: bool = False

    def read(self) -> T:
        """Return the value of the variable, or its default when it is unset or empty.

        Raises:
            ConfigurationError: the text cannot be read; the message names the variable, and the text but for secrets.

        """
        for name in filter(None, (self.name, self.fallback)):
            text = os.environ.get(name, "")
            if text:
                try:
                    return self.parse(text)
                except ValueError as error:
                    said = name if self.is_secret else f"{name}={shown(text)}"
                    raise ConfigurationError(f"{said}: {error}") from None
        return self.default


def as_switch(text: str) -> bool:
    """Return what a switch is set to.

    Raises:
        ValueError: it is no switch.

    """
    try:
        return _SWITCH[text.strip().lower()]
    except KeyError:
        raise ValueError("a switch takes 0, 1, true, false, yes or no") from None


@dataclass(frozen=True)
class WholeNumber:
    """What reads a whole number between two others."""

    least: int
    most: int

    def __call__(self, text: str) -> int:
        """Return the number.

        Raises:
            ValueError: it is none, or is not between the two.

        """
        try:
            value = int(text)
        except ValueError:
            raise ValueError("not a whole number") from None
        if value < self.least:
            raise ValueError(f"must be at least {self.least}")
        if value > self.most:
            raise ValueError(f"must be at most {self.most}")
        return value


def whole_number(least: int, most: int = MAX_INTEGER) -> WholeNumber:
    """Return what reads a whole number between two others; it raises `ValueError` when there is none."""
    return WholeNumber(least, most)


def as_text(text: str) -> str:
    """Return text.

    Raises:
        ValueError: it was not UTF-8; its bytes come as lone surrogates, which no server could be told.

    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not UTF-8") from None
    return text


def as_seconds(text: str) -> float:
    """Return a number of seconds.

    Raises:
        ValueError: it is none.

    """
    try:
        value = float(text)
    except ValueError:
        raise ValueError("not a number of seconds") from None
    if not 0 <= value <= MAX_SECONDS:
        raise ValueError(f"must be between 0 and {MAX_SECONDS} seconds")
    return value


def as_port(text: str) -> int:
    """Return the number of a port.

    Raises:
        ValueError: it is none.

    """
    value = whole_number(1)(text)
    if value > _MAX_PORT:
        raise ValueError(f"not a port (1 to {_MAX_PORT})")
    return value
