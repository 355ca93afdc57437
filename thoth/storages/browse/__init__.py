"""A graph cache file in Datasette: https://docs.datasette.io."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from ..exceptions import CacheFileError, ConfigurationError
from ..graph.cache import GraphCache

PLUGINS = Path(__file__).with_name("plugins")


def command(cache_file: str, *, host: str, port: int, opened: bool) -> list[str]:
    """Return the command that serves a cache file, to be executed in place of this process.

    Args:
        cache_file: path of the file.
        host: what to listen on.
        port: where; 0 for one that is free.
        opened: whether a browser is started.

    Raises:
        CacheFileError: it is missing, or is no cache of this version.
        ConfigurationError: Datasette is not installed.

    """
    if importlib.util.find_spec("datasette") is None:
        raise ConfigurationError("Datasette is not installed: pip install 'thoth-storages[browse]'")
    if not os.path.isfile(cache_file):
        raise CacheFileError(f"{cache_file}: {'not a file' if os.path.lexists(cache_file) else 'no such file'}")
    GraphCache(cache_file).close()
    options = ["--host", host, "--port", str(port), "--plugins-dir", str(PLUGINS), *(["--open"] if opened else [])]
    settings = ["--setting", "sql_time_limit_ms", "10000", "--setting", "max_returned_rows", "10000"]
    return [sys.executable, "-m", "datasette", "serve", cache_file, *options, *settings]
