"""Solver documents made to measure, and how to work with many of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from thoth.storages import GraphDatabase
from thoth.storages.documents.solver import SolverFacts, read_solver_document

T = TypeVar("T")
Json: TypeAlias = dict[str, Any]

PYPI = "https://pypi.org/simple"
RHEL: Json = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}
SOLVER = "solver-rhel-8-py38"


def solver_document(
    document_id: str = f"{SOLVER}-0a",
    *,
    tree: Iterable[Json] = (),
    errors: Iterable[Json] = (),
    unresolved: Iterable[Json] = (),
    unparsed: Iterable[Json] = (),
    **metadata: Any,
) -> Json:
    """Return a solver document; further keywords are fields of its metadata, None to leave one out."""
    fields: Json = {
        "analyzer": "thoth-solver",
        "analyzer_version": "1.9.0",
        "document_id": document_id,
        "datetime": "2021-07-01T00:00:00.000000",
        "duration": 12,
        **metadata,
    }
    return {
        "metadata": {name: value for name, value in fields.items() if value is not None},
        "result": {
            "tree": list(tree),
            "errors": list(errors),
            "unresolved": list(unresolved),
            "unparsed": list(unparsed),
        },
    }


def solved(
    package_name: str,
    package_version: str = "1.0",
    dependencies: Iterable[Json] = (),
    *,
    index_url: str | None = PYPI,
    **fields: Any,
) -> Json:
    """Return an entry of ``tree``."""
    return {
        "package_name": package_name,
        "package_version": package_version,
        "package_version_requested": package_version,
        "index_url": index_url,
        "sha256": [],
        "dependencies": list(dependencies),
        **fields,
    }


def requires(package_name: str, *versions: str, index: str = PYPI, **fields: Any) -> Json:
    """Return a dependency on some versions of a package."""
    return {
        "package_name": package_name,
        "specifier": "*",
        "resolved_versions": [{"index": index, "versions": list(versions)}],
        **fields,
    }


def failed(package_name: str, package_version: str = "1.0", *, index_url: str | None = PYPI, **fields: Any) -> Json:
    """Return an entry of ``errors``."""
    return {"package_name": package_name, "package_version": package_version, "index_url": index_url, **fields}


def large_document(document_id: str, packages: int, requirements: int, versions: int) -> Json:
    """Return a document of so many package versions, each with so many requirements of so many versions."""
    return solver_document(
        document_id,
        tree=[
            solved(
                f"package-{number}",
                dependencies=[
                    requires(f"dependency-{other}", *(f"{minor}.{number}" for minor in range(versions)))
                    for other in range(requirements)
                ],
                sha256=[f"{number:064x}"],
            )
            for number in range(packages)
        ],
    )


def merged(documents: Sequence[Json], document_id: str) -> Json:
    """Return a document that says what several documents say, about the environment of the first."""
    metadata = {**documents[0]["metadata"], "document_id": document_id}
    parts = ("tree", "errors", "unresolved", "unparsed")
    result = {part: [entry for document in documents for entry in document["result"][part] or ()] for part in parts}
    return {"metadata": metadata, "result": result}


def overlapping_documents(samples: Sequence[Json], count: int, *, packages: int = 10) -> list[Json]:
    """Return documents of some packages each that share most of their package versions with each other."""
    chosen = [document for document in samples if document["metadata"].get("document_id", "").startswith(SOLVER)]
    pool, at_random = chosen[: count * packages // 4], random.Random(count)
    return [merged(at_random.sample(pool, packages), f"{SOLVER}-{number:04x}") for number in range(count)]


def read(documents: Iterable[Mapping[str, Any]]) -> list[SolverFacts]:
    """Return what documents state."""
    return [read_solver_document(document) for document in documents]


def shuffled(things: Iterable[T], seed: int) -> list[T]:
    """Return things in another order, the same for a seed."""
    ordered = list(things)
    random.Random(seed).shuffle(ordered)
    return ordered


def groups(things: Sequence[T], seed: int, *, largest: int = 20) -> Iterator[Sequence[T]]:
    """Yield things in groups of random size."""
    at_random, start = random.Random(seed), 0
    while start < len(things):
        size = at_random.randint(1, largest)
        yield things[start : start + size]
        start += size


def sync(graph: GraphDatabase, documents: Iterable[Mapping[str, Any]], *, size: int = 100) -> None:
    """Put documents into the graph, in groups."""
    facts = read(documents)
    for start in range(0, len(facts), size):
        graph.sync_solver_results(facts[start : start + size])
