"""Configuration of a graph cache: which packages it is built for."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import yaml

from ..exceptions import ConfigurationError, shown

_MAX_SIZE = 10_000_000
_MAX_LENGTH = 1000
_MAX_DEPTH = 20
_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE | re.ASCII)
"""https://packaging.python.org/en/latest/specifications/name-normalization/"""

# The one that libyaml reads with takes a tenth of the time; where there is none, files are as good.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CacheConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A configuration file."""

    python_packages: list[str]
    """Names of packages, in any spelling."""

    def __post_init__(self) -> None:
        """Refuse names that cannot be any."""
        for number, name in enumerate(self.python_packages):
            if _NAME.fullmatch(name.strip()) is None:
                reason = f"not the name of a package: {shown(name)}" if name.strip() else "empty"
                raise ValueError(f"$.python-packages[{number}]: {reason}")


def read_cache_config(path: Path) -> CacheConfig:
    """Read a configuration file: YAML with ``python-packages``, a list of names.

    Raises:
        ConfigurationError: the file cannot be read, or does not have that shape; the message names file and field.

    """
    try:
        with path.open("rb") as file:
            blob = file.read(_MAX_SIZE + 1)
        if len(blob) > _MAX_SIZE:
            raise ConfigurationError(f"{path}: larger than {_MAX_SIZE} bytes")
        content = _load(blob.decode())
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError):
        # What PyYAML meets when it makes numbers and dates of text, it passes on.
        raise ConfigurationError(f"{path}: not YAML: a number, a date or another value that is none") from None
    try:
        return msgspec.convert(content, CacheConfig)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _load(text: str) -> object:
    """Return what YAML holds.

    An alias can make a small file as large as one likes, and depth and length cost more than they are worth: a list of
    names needs none of them.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _MAX_LENGTH:
            raise yaml.YAMLError(f"a value of more than {_MAX_LENGTH} characters")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise yaml.YAMLError(f"nested more than {_MAX_DEPTH} levels")
    content: object = yaml.load(text, Loader=_LOADER)
    return content
