"""The strategies make what they are for: nasty graphs, and now and then the same document twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from tests import strategies
from tests.oracle import Oracle


def _features(documents: list[dict[str, Any]]) -> Iterator[str]:
    """Give what makes a graph nasty, as far as these documents do."""
    oracle = Oracle(documents)
    yield f"{len(oracle.latest)} environments"
    facts = [fact for _, _, fact in oracle.said()]
    yield from (flag for flag in ("error", "unsolvable", "unparseable") if any(getattr(fact, flag) for fact in facts))
    for environment, package, fact in oracle.said():
        latest = oracle.latest[environment][package]
        if fact.error != latest.error:
            yield "error overruled" if fact.error else "error overrules"
    times = [(document.environment, document.time) for document in oracle.documents.values()]
    if len(set(times)) < len(times):
        yield "documents of one time"
    for environment in oracle.latest:
        for record in oracle.records_at(environment):
            requirements = oracle.latest[environment][record].requirements
            yield from (f"held: {requirement.held}" for requirement in requirements)
            yield from (f"extra: {requirement.extra}" for requirement in requirements)
            yield from ("empty set" for requirement in requirements if not requirement.versions)
            edges = oracle.retrieve_transitive_dependencies_python(*record, **environment._asdict())
            sources = Counter(target for _, target in edges)
            yield from ("diamond" for target in sources if sources[target] > 1)
            yield from ("self-dependency" for source, target in edges if source == target == record)
            yield from ("cycle" for source, target in edges if target == record != source)
            yield from ("unsolved dependency" for _, target in edges if target[2] is None)
            yield from ("other index" for source, target in edges if target[2] not in (None, source[2]))


def test_strategies_reach() -> None:
    """What the strategies are for does come up in 150 examples (always the same ones)."""
    reached: set[str] = set()

    @settings(max_examples=150, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(strategies.solver_documents())
    def draw(documents: list[dict[str, Any]]) -> None:
        reached.update(_features(documents))

    draw()
    assert reached == {
        *("1 environments", "2 environments"),
        *("error", "unsolvable", "unparseable", "error overruled", "error overrules", "documents of one time"),
        *("held: True", "held: False", "extra: None", "extra: s3", "extra: all-", "extra: dev-test", "empty set"),
        *("diamond", "self-dependency", "cycle", "unsolved dependency", "other index"),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.solver_documents(unique_ids=False, min_size=2, max_size=6))
def test_repeated_ids(documents: list[dict[str, Any]]) -> None:
    """The oracle counts as many documents as there are ids."""
    ids = {strategies.document_id_of(one) for one in documents}
    assert Oracle(documents).documents.keys() == ids


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.solver_documents(min_size=2))
def test_unique_ids(documents: list[dict[str, Any]]) -> None:
    """Unless asked for, no id comes twice, and the ids are those that a reader finds."""
    assert list(Oracle(documents).documents) == [strategies.document_id_of(one) for one in documents]
