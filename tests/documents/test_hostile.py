"""Hostile documents through the readers of every kind: each is read, or is a `SchemaError`, and is not changed."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.hostile import HOSTILE, blobs, hostile_documents, valid_documents
from tests.torture import new_seed, tell
from thoth.storages.documents import base
from thoth.storages.exceptions import SchemaError
from thoth.storages.sync import KINDS, kind_of

IN, REFUSED = "read", "refused"


def outcome(call: Callable[[], object]) -> str:
    """Tell whether a document is read or refused, by a message that a terminal and a file of failures can hold."""
    try:
        call()
    except SchemaError as error:
        assert 0 < len(str(error)) < 1100
        assert str(error).encode()
        return REFUSED
    return IN


def read_both_ways(kind: str, document: Any) -> list[str]:
    """Read a document as a caller may give it, and as the JSON text that a tool makes of it."""
    outcomes = [outcome(lambda: KINDS[kind].read(document))]
    for blob in blobs(document):
        parsed: list[Any] = []
        outcomes.append(outcome(lambda blob=blob, parsed=parsed: parsed.append(base.parse(blob, "file"))))  # type: ignore[misc]
        for found in parsed:
            outcomes += [outcome(lambda: KINDS[kind].read(found)), outcome(lambda: kind_of(found))]  # noqa: B023
            assert outcomes[0] == outcomes[2], "text and object differ"
    return outcomes


@given(hostile_documents())
@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_mutated_documents(drawn: tuple[str, Any]) -> None:
    read_both_ways(*drawn)


@pytest.mark.torture
def test_mutated_documents_for_minutes() -> None:
    number, examples = new_seed(), int(os.environ.get("TORTURE_EXAMPLES", "20000"))
    counts: Counter[str] = Counter()

    @seed(number)
    @given(hostile_documents())
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def run(drawn: tuple[str, Any]) -> None:
        counts.update(read_both_ways(*drawn)[:1])

    run()
    tell(number, documents=counts.total(), read=counts[IN], refused=counts[REFUSED])
    assert counts[IN] > counts.total() / 10 < counts[REFUSED]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_hostile_value_at_the_top(kind: str) -> None:
    """In the place of the whole document, of each part, and of each part of these."""
    (document, *_) = valid_documents(kind)
    places: list[tuple[Any, Any]] = [({"": document}, "")]
    places += [(document, key) for key in document]
    places += [(part, key) for part in document.values() if isinstance(part, dict) for key in part]
    for place, key in places:
        before = place[key]
        for value in HOSTILE:
            place[key] = value
            whole = place[key] if place.keys() == {""} else document
            outcome(lambda whole=whole: KINDS[kind].read(whole))  # type: ignore[misc]
        place[key] = before


@given(
    st.binary(max_size=200) | st.text(st.sampled_from('{}[]":,\\u0018eE-+.nulltrfasNI'), max_size=80).map(str.encode)
)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_any_bytes(blob: bytes) -> None:
    """They are a document as Python and others read it, or are refused with their place."""
    try:
        document = base.parse(blob, "file:7")
    except SchemaError as error:
        assert str(error).startswith("file:7: ")
    else:
        assert isinstance(document, dict)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "utf-7"])
def test_other_encodings(encoding: str) -> None:
    for blob in ('{"metadata": {}}'.encode(encoding), ('[{"a": "é"}]' * 3).encode(encoding)):
        outcome(lambda blob=blob: base.parse(blob, "file"))  # type: ignore[misc]


def test_of_a_field_that_is_there_twice_the_last_counts() -> None:
    blob = json.dumps(valid_documents("adviser")[0]).encode()
    twice = b'{"metadata": 7, ' + blob[1:-1] + b', "result": {"error_msg": "last"}}'
    facts = KINDS["adviser"].read(base.parse(twice, "file"))
    assert (facts.error_message, facts.products) == ("last", [])
