"""What is too large, nested too deeply, or grows while it is read: it is refused, in bounded time and memory."""

from __future__ import annotations

import copy
import gzip
import json
import resource
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import PYPI, requires, solved, solver_document
from tests.hostile import DEEP, nested, valid_documents
from tests.processes import in_child
from thoth.storages.config import MAX_DOCUMENT_DEPTH, MAX_DOCUMENT_SIZE
from thoth.storages.documents import base
from thoth.storages.documents.local import read_documents
from thoth.storages.documents.quantities import cores
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.documents.stacks import pinned_version
from thoth.storages.exceptions import SchemaError
from thoth.storages.normalize import normalize_python_package_version, version_sort_key
from thoth.storages.sync import KINDS

MEGABYTE = 1 << 20
SIZE, DEPTH = MAX_DOCUMENT_SIZE.name, MAX_DOCUMENT_DEPTH.name


def within_bounds(function: Callable[[], Any], *, seconds: int = 30, megabytes: int = 2048) -> Any:
    """Return what a function returns in a process that is killed when it takes longer, and gets no more memory."""

    def call() -> Any:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * MEGABYTE,) * 2)
        return function()

    return in_child(call)


def outcome(call: Callable[[], object]) -> str:
    """Return why a document is refused; nothing when it is not."""
    try:
        call()
    except SchemaError as error:
        return str(error)
    return ""


# Depth ----------------------------------------------------------------------------------------------------------


def depth_of(value: Any) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(depth_of, value.values() if isinstance(value, dict) else value), default=0)


texts = st.text(st.sampled_from('[]{}"\\/a\né'), max_size=8)
documents = st.recursive(
    texts | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner),
    max_leaves=12,
)


@given(documents, st.booleans())
@settings(max_examples=150, deadline=None)
def test_depth_is_told_without_decoding(value: Any, ascii_only: bool) -> None:
    blob = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert base._depth(blob) == depth_of(value)


@pytest.mark.parametrize("objects", [False, True])
@pytest.mark.parametrize("limit", [None, 7])
def test_limit_of_depth(objects: bool, limit: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if limit is not None:
        monkeypatch.setenv(DEPTH, str(limit))
    limit = limit or MAX_DOCUMENT_DEPTH.default
    allowed, refused = ({"a": nested(limit - 1 + more, objects=objects)} for more in (0, 1))
    assert base.parse(json.dumps(allowed).encode(), "file") == allowed
    with pytest.raises(SchemaError, match=rf"^file: nested too deeply, beyond {DEPTH}={limit} levels$"):
        base.parse(json.dumps(refused).encode(), "file")


@pytest.mark.parametrize("depth", [80, 200, 900, DEEP])
@pytest.mark.parametrize("objects", [False, True])
def test_depth_of_what_was_never_text(depth: int, objects: bool) -> None:
    """A caller may give any object; it is as deep as that of a file may be."""
    document = solver_document(
        tree=[solved("a") | {"importlib_metadata": {"metadata": {"X": nested(depth, objects=objects)}}}]
    )
    assert ("nested too deeply" in outcome(lambda: read_solver_document(document))) is (depth > 100)


def test_object_that_holds_itself() -> None:
    metadata: dict[str, Any] = {}
    metadata["X"] = metadata
    document = solver_document(tree=[solved("a") | {"importlib_metadata": {"metadata": metadata}}])
    assert outcome(lambda: read_solver_document(document)) == "$: nested too deeply"


# Size -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit of some bytes."""
    monkeypatch.setenv(SIZE, "1000")
    return 1000


def sized(size: int) -> bytes:
    """Return a document of exactly so many bytes."""
    return b'{"a":"' + b"x" * (size - len(b'{"a":""}')) + b'"}'


@pytest.mark.parametrize("ending", [".json", ".json.gz", ".jsonl", ".jsonl.gz"])
def test_limit_of_files(tmp_path: Path, ending: str, small: int) -> None:
    file = tmp_path / f"file{ending}"
    write = gzip.open if ending.endswith(".gz") else open
    of_lines = ending.startswith(".jsonl")
    for more in (0, 1, 5000):
        with write(file, "wb") as target:
            target.write(sized(small + more) + (b"\n" + b'{"b": 1}' if of_lines else b""))
        first, *others = read_documents(file)
        place = f"{file}:1" if of_lines else str(file)
        assert outcome(first.parse) == ("" if more == 0 else f"{place}: larger than {SIZE}=1000 bytes")
        assert len(first.blob) <= small + 1
        assert [other.parse() for other in others] == ([{"b": 1}] if of_lines else [])
        assert [other.line for other in others] == ([2] if of_lines else [])


@pytest.mark.parametrize("ending", [".json.gz", ".jsonl.gz"])
def test_little_that_unpacks_to_much_is_not_held(tmp_path: Path, ending: str, small: int) -> None:
    file = tmp_path / f"bomb{ending}"
    with gzip.open(file, "wb") as target:
        for _ in range(50):
            target.write(b" " * MEGABYTE)
    assert file.stat().st_size < MEGABYTE / 5
    tracemalloc.start()
    try:
        reasons = [outcome(document.parse) for document in read_documents(file)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(reasons) == (0 if "jsonl" in ending else 1)  # a line of blanks is none
    assert all("larger than" in reason for reason in reasons)
    assert peak < MEGABYTE


def test_limit_of_what_is_read_of_an_object(small: int) -> None:
    document = solver_document(tree=[solved("a", dependencies=[requires("b", marker="x" * small)])])
    with pytest.raises(SchemaError, match=rf"^\$: larger than {SIZE}={small} bytes$"):
        read_solver_document(document)
    document = solver_document(tree=[]) | {"of_later_tools": "x" * small}
    assert read_solver_document(document).packages == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_sample_documents_are_far_below_the_limits(kind: str) -> None:
    for document in valid_documents(kind):
        blob = json.dumps(document).encode()
        assert base._depth(blob) * 4 <= MAX_DOCUMENT_DEPTH.default
        assert len(blob) * 100 <= MAX_DOCUMENT_SIZE.default


# Time and memory ------------------------------------------------------------------------------------------------


BIG: dict[str, Callable[[], Any]] = {
    "10 MB of text": partial(str.__mul__, "x", 10 * MEGABYTE),
    "a million entries": lambda: ["x"] * 1_000_000,
    "objects": lambda: [{"package_name": "x", "name": "x"}] * 100_000,
    "fields": lambda: {str(number): None for number in range(100_000)},
    "blanks": partial(str.__mul__, " ", MEGABYTE),
}


@pytest.mark.parametrize("big", sorted(BIG))
def test_big_parts_in_bounded_time_and_memory(big: str) -> None:
    """One of them in the place of each part of ``result`` or ``specification``, near the top of a document."""

    def read_all() -> tuple[int, int]:
        value = BIG[big]()
        count = refused = 0
        for name, kind in KINDS.items():
            document = valid_documents(name)[0]
            part = document["specification" if "specification" in document else "result"]
            for key in list(part):
                whole, part[key] = part[key], value
                refused += bool(outcome(lambda kind=kind, document=document: kind.read(document)))  # type: ignore[misc]
                part[key] = whole
                count += 1
        return count, refused

    count, refused = within_bounds(read_all)
    assert count > 40
    assert 0 < refused < count


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: pinned_version("==" + " " * MEGABYTE), None),
        (lambda: pinned_version("=" * MEGABYTE + "1.0\t\t;"), None),
        (lambda: pinned_version("== 1.0 "), "1.0"),
        (lambda: outcome(lambda: cores("1" * MEGABYTE + "x", "$"))[:20], "$: not a quantity: '"),
        (lambda: outcome(lambda: cores("1" * 1000, "$"))[:24], "$: too large a quantity:"),
        (lambda: normalize_python_package_version("1" * MEGABYTE)[:3], "111"),
        (lambda: version_sort_key("1." * 5000 + "9" * 5000)[0], 0),
    ],
)
def test_text_is_read_in_time_that_grows_with_its_length(call: Callable[[], Any], expected: Any) -> None:
    """Not with its square, which for a megabyte is an hour; and Python reads no number of 5,000 digits."""
    assert within_bounds(call) == expected


def test_extras_that_repeat_a_long_requirement() -> None:
    """A document of two megabytes that states two hundred gigabytes."""
    extras = [f"extra-{number}" for number in range(100_000)]
    dependency = requires("b", *[str(number) for number in range(100_000)], extra=extras)
    document = solver_document(tree=[solved("a", index_url=PYPI), solved("b", dependencies=[dependency])])
    reason = within_bounds(lambda: outcome(lambda: read_solver_document(document)))
    assert reason.startswith(f"$.result.tree[1].dependencies[0].extra: more than {SIZE}=67108864 bytes")


@pytest.mark.parametrize("text", ["x" * 10 * MEGABYTE, "\ud800" * 5000])
def test_message_about_a_long_value_is_short_and_can_be_printed(text: str) -> None:
    document = solver_document(tree=[])
    document["metadata"]["datetime"] = text
    reason = outcome(lambda: read_solver_document(document))
    assert reason.startswith("$.metadata.datetime: ")
    assert len(reason) < 1100
    assert reason.encode()
    assert len(str(SchemaError(f"$.{text}: reason"))) < 1100
    assert str(SchemaError(f"$.{text}: reason")).encode().endswith(b": reason")


@pytest.mark.parametrize(
    ("kind", "path", "change"),
    [
        ("adviser", "$.metadata.document_id", {"document_id": "a" * 1025}),
        ("adviser", "$.metadata.hostname", {"document_id": None, "hostname": "a" * 1025 + "-x"}),
        ("inspection", "$.inspection_id", {"inspection_id": "a" * 1025}),
        ("inspection", "$.document_id", {"inspection_id": None, "document_id": "a" * 1025}),
    ],
)
def test_identifier_that_no_store_could_hold(kind: str, path: str, change: dict[str, Any]) -> None:
    document = copy.deepcopy(valid_documents(kind)[0])
    document.get("metadata", document).update(change)
    assert outcome(lambda: KINDS[kind].read(document)).startswith(f"{path}: more than 1024 characters: 'aaa")
