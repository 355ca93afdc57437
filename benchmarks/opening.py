"""A process that opens a cache file, and tells what that took: see `cases.cache_files`."""

from __future__ import annotations

import json
import sqlite3
import sys
import time

from thoth.storages import GraphCache

from .measure import resident_memory


def main(path: str, how: str) -> None:
    """Open a file, and print seconds and bytes of memory.

    Args:
        path: of the file.
        how: ``library`` or ``sqlite3``.

    """
    sqlite3.connect(":memory:").close()
    before, started = resident_memory() or 0, time.process_time()
    if how == "library":
        GraphCache(path)
    else:
        sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True).execute("PRAGMA user_version").fetchone()
    seconds = time.process_time() - started
    print(json.dumps([seconds, (resident_memory() or 0) - before]))


if __name__ == "__main__":
    main(*sys.argv[1:])
