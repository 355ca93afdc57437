"""Hostile documents: a valid one, of which parts are removed, added, or replaced by what breaks careless readers."""

from __future__ import annotations

import copy
import gzip
import itertools
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.conftest import EXAMPLES
from thoth.storages.sync import KINDS

Path = tuple[str | int, ...]

LONG = 20_000
"""Characters that are read in no time, unless it grows with their square."""
DEEP = 10_000


def nested(depth: int, *, objects: bool = False) -> Any:
    """Return empty lists, or objects, in each other."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


_TEXTS = (
    *("", " ", "\t\n", "a\0b", "\ud800", "\udfff a", "\u202e\u2028", "\U0010ffff", "é" * 300),
    *("'; DROP TABLE solver_run; --", '"quoted"', "a'b", "\\", "%s %(a)s :a", "{0}", "a\nb", "a/b"),
    *("../../etc/passwd", "solver-../../x-py38-0a", "..", "/", "-", "--", "solver-rhel-8-py38-", "a" * 300),
    *("not a version!", "1.0.0.0.0+local_.é", "1!2", "==", "===1", "1.*", "v" + "1." * 200, "9" * 5000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2021-02-30T00:00:00", "+20210-01-01", "2021-W53-7"),
    *("NaN", "1e999", "-Infinity", "null", "[]", '{"a": "\\u0000"}', "[" * DEEP, '{"hardware": ' * 200, "\\u0000"),
    *(" " * LONG, "=" * LONG, "-" * LONG, "1" * LONG + "x", "1." * LONG + "x", "a-" * LONG, ".a" * LONG + "-"),
    "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=LONG)),
)
_NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, 2**64, 10**400, 1e308, -0.0, 0.1, 1e-320)
_NO_JSON_NUMBERS = (float("nan"), float("inf"), float("-inf"))
_OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": ""}, {"a": None}, [1, "a", {}], ["a", "a"])
HOSTILE = (*_TEXTS, *_NUMBERS, *_NO_JSON_NUMBERS, *_OTHERS)
_DEPTHS = (90, 400, DEEP)


@cache
def valid_documents(kind: str) -> tuple[Any, ...]:
    """Return the sample documents of a kind, a few of them when there are many."""
    folder = EXAMPLES / f"{kind.replace('_', '-')}-documents"
    documents = [json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))]
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file) as lines:
            documents += [json.loads(line) for line in itertools.islice(lines, 2)]
    assert documents, kind
    return tuple(documents)


def mutated_documents(kind: str) -> SearchStrategy[Any]:
    """Draw documents of a kind with one to three changes, each at a place drawn by how deep it is."""
    return st.builds(mutated, st.sampled_from(valid_documents(kind)), st.randoms(use_true_random=False))


def hostile_documents() -> SearchStrategy[tuple[str, Any]]:
    """Draw kinds and documents, see `mutated_documents`."""
    return st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), mutated_documents(kind)))


def mutated(document: Any, at_random: random.Random) -> Any:
    """Return a copy of a document with one to three changes at random places."""
    document = copy.deepcopy(document)
    for _ in range(at_random.choice((1, 1, 2, 3))):
        place, key = _place(document, at_random)
        _mutate(place, key, at_random)
    return document


def _place(document: Any, at_random: random.Random) -> tuple[Any, Any]:
    """Walk down to a random place, so that what is near the top is met as often as what is repeated far below."""
    place: Any = {"document": document}
    key: Any = "document"
    while True:
        inner = place[key]
        keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        if not keys or (place[key] is not document and at_random.random() < 0.15):
            return place, key
        place, key = inner, at_random.choice(keys)


def _mutate(place: Any, key: Any, at_random: random.Random) -> None:
    """Change one value, or what it is called by."""
    change = at_random.choice(("value", "value", "value", "remove", "add", "rename", "twice", "nest", "swap"))
    value = copy.deepcopy(at_random.choice(HOSTILE))
    if change == "remove":
        del place[key]
    elif change == "nest":
        place[key] = nested(at_random.choice(_DEPTHS), objects=at_random.random() < 0.5)
    elif change == "swap":  # the value of another field, of whichever type that is
        place[key] = at_random.choice(list(place.values() if isinstance(place, dict) else place))
    elif change == "twice" and isinstance(place, list):
        place.append(place[key])
    elif change == "add" and isinstance(place[key], list):
        place[key].append(value)
    elif change in {"add", "rename"} and isinstance(place, dict):
        name = at_random.choice(_TEXTS)
        place[name] = value if change == "add" else place.pop(key)
    else:
        place[key] = value


def blobs(document: Any) -> Iterator[bytes]:
    """Yield a document as JSON text as tools write it; nothing when it is nested too deeply for any tool."""
    try:
        yield json.dumps(document).encode()
    except (RecursionError, ValueError):
        return
