"""What processes do that are given an adapter; imported by those that are started anew, so it imports little."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from tests.factories import PYPI, RHEL, Json, requires, solved, solver_document
from thoth.storages import GraphDatabase

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])


def numbered(number: int) -> Json:
    """Return a document of its own that shares its package with others."""
    return solver_document(f"solver-rhel-8-py38-{number:04x}", tree=[solved("a", dependencies=[requires("b", "1.0")])])


def serve(graph: GraphDatabase, number: int) -> int:
    """Read and write as a worker of a service does, from threads; return what is in at the end."""

    def request(part: int) -> None:
        assert graph.get_depends_on(*A, **RHEL, without_cache=True) == [("b", "1.0")]
        graph.sync_solver_result(numbered(100 * number + part))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(request, range(8)))
    return graph.get_solver_documents_count()


def backend(graph: GraphDatabase) -> int:
    return int(graph._run(lambda session: session.execute(text("SELECT pg_backend_pid()")).scalar_one(), writes=False))
