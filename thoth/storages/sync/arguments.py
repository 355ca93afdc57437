"""Arguments that all calls take, as they are meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..graph import GraphDatabase


@contextmanager
def connected_adapter(graph: GraphDatabase | None) -> Iterator[GraphDatabase]:
    """Give the adapter given, or one for a while."""
    if graph is not None:
        yield graph
        return
    with GraphDatabase() as own:
        yield own


def listed(document_ids: Iterable[str]) -> list[str]:
    """Return identifiers as a list; one that was given by itself is meant so."""
    return [document_ids] if isinstance(document_ids, str) else list(document_ids)
