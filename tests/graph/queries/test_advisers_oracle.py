"""What was advised: answers equal those of the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from tests import adviser_documents as made
from tests.conftest import empty
from tests.oracle.stacks import Advice, canonical
from thoth.storages import GraphDatabase

Json = dict[str, Any]
LISTS = ("requirements", "requirements_locked")


def in_order_of_the_oracle(stacks: list[Json]) -> list[Json]:
    """Return stacks with their packages in the oracle's order; those that are answered are ordered by name."""
    for stack in stacks:
        for name in LISTS:
            names = [entry["package_name"] for entry in stack[name] or ()]
            assert names == sorted(names)
    return [
        {**stack, **{name: None if stack[name] is None else canonical(stack[name]) for name in LISTS}}
        for stack in stacks
    ]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(documents=made.adviser_documents(max_size=5, unique_ids=False))
def test_advised_stacks(graph: GraphDatabase, documents: list[Json]) -> None:
    empty(graph)
    for document in documents:
        graph.sync_adviser_result(document)
    oracle = Advice(documents)
    for document_id in oracle.documents:
        found = in_order_of_the_oracle(graph.get_advised_stacks(document_id))
        assert found == oracle.get_advised_stacks(document_id)
    asked = ["adviser-absent", *oracle.documents]
    assert graph.adviser_document_ids_in(asked) == oracle.documents.keys()
    assert all(graph.adviser_document_id_exist(name) == (name in oracle.documents) for name in asked)


def test_packages_are_ordered_by_name(graph: GraphDatabase) -> None:
    names = [f"p{number}" for number in range(9)]
    entries = {name: {"version": "==1.0", "hashes": [f"sha256:{9 - int(name[1:])}"]} for name in reversed(names)}
    graph.sync_adviser_result(
        made.adviser_document(
            products=[
                made.product(
                    1.0,
                    requirements=made.pipfile({name: f">={9 - int(name[1:])}" for name in reversed(names)}),
                    requirements_locked=made.lock(entries),
                )
            ]
        )
    )
    (stack,) = graph.get_advised_stacks(made.ADVISER)
    for packages in (stack["requirements"], stack["requirements_locked"]):
        assert [package["package_name"] for package in packages] == names
