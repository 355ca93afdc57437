"""Configuration of a graph cache: which packages it is built for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from ..exceptions import ConfigurationError

_MAX_SIZE = 10_000_000


class CacheConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A configuration file."""

    python_packages: list[str]
    """Names of packages, in any spelling."""

    def __post_init__(self) -> None:
        """Refuse names that cannot be any."""
        for number, name in enumerate(self.python_packages):
            if not name.strip():
                raise ValueError(f"$.python-packages[{number}]: empty")


def read_cache_config(path: Path) -> CacheConfig:
    """Read a configuration file: YAML with ``python-packages``, a list of names.

    Raises:
        ConfigurationError: the file cannot be read, or does not have that shape; the message names file and field.

    """
    try:
        if path.stat().st_size > _MAX_SIZE:
            raise ConfigurationError(f"{path}: larger than {_MAX_SIZE} bytes")
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        return msgspec.convert(content, CacheConfig)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


class _Loader(yaml.SafeLoader):
    """Plain YAML: an alias can make a small file as large as one likes, and a list of names needs none."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)
