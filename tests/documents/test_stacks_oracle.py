"""Software stacks of documents: what a Pipfile and its lock say, in one spelling."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import adviser_documents as made
from tests.adviser_documents import OTHER, PYPI, TWO_SOURCES, lock, pipfile
from tests.oracle import stacks as oracle
from thoth.storages.documents.stacks import (
    LockedPackageFact,
    LockFact,
    RequirementFact,
    RequirementsFact,
    pinned_version,
    read_requirements,
    read_stack,
)
from thoth.storages.exceptions import SchemaError

Json = dict[str, Any]


def requirements(value: Json) -> RequirementsFact:
    fact = read_requirements(value, "$.p")
    assert fact is not None
    return fact


def locked(value: Json) -> LockFact:
    stack = read_stack("USER", None, value, "$.p")
    assert stack is not None
    assert stack.lock is not None
    return stack.lock


def required(entry: Any, **sections: Any) -> RequirementFact:
    (fact,) = requirements(pipfile({"Foo_Bar": entry}, **sections)).requirements
    return fact


def locked_entry(entry: Any, *sources: Json) -> LockedPackageFact:
    (fact,) = locked(lock({"Foo_Bar": entry}, sources or made.SOURCES)).packages
    return fact


class TestRequirements:
    @pytest.mark.parametrize("entry", ["*", "", None, {}, {"version": "*"}, {"version": None, "extras": None}])
    def test_any_version(self, entry: Any) -> None:
        assert required(entry) == RequirementFact("foo-bar", "*", [], "", False, "", "{}")

    def test_all_fields(self) -> None:
        fact = required(
            {
                "version": ">=1.0",
                "extras": ["S3", "all_", "all-"],
                "markers": "python_version < '3.9'",
                "index": "pypi",
                "ref": "main",
                "git": "https://example.com/a.git",
                "path": None,
            }
        )
        assert fact == RequirementFact(
            "foo-bar",
            ">=1.0",
            ["all-", "s3"],
            "python_version < '3.9'",
            False,
            PYPI,
            '{"git":"https://example.com/a.git","ref":"main"}',
        )

    @pytest.mark.parametrize(
        ("index", "url", "others"),
        [
            (None, "", {}),
            ("other", OTHER, {}),
            (f"{PYPI}/", PYPI, {}),
            ("https://pypi.python.org/simple", PYPI, {}),
            ("gone", "", {"index": "gone"}),
        ],
    )
    def test_index(self, index: str | None, url: str, others: Json) -> None:
        fact = required({"index": index}, source=list(TWO_SOURCES))
        assert fact.index_url == url
        assert json.loads(fact.other_fields) == others

    def test_packages_for_development(self) -> None:
        facts = requirements({**pipfile({"b": "*"}), "dev-packages": {"b": "*", "a": "*"}}).requirements
        assert [(fact.package_name, fact.develop) for fact in facts] == [("a", True), ("b", False), ("b", True)]

    def test_two_spellings_say_it_once(self) -> None:
        fact = requirements(pipfile({"Flask": "*", "flask": {"version": "*"}, "FLASK": ">=1"}))
        assert [(each.package_name, each.specifier) for each in fact.requirements] == [("flask", "*"), ("flask", ">=1")]

    def test_sections(self) -> None:
        fact = requirements(pipfile({}, TWO_SOURCES, pipenv={"allow_prereleases": True}, thoth=None))
        assert fact.python_version == "3.8"
        assert fact.index_urls == [PYPI, OTHER]
        assert fact.other_fields == '{"pipenv":{"allow_prereleases":true}}'

    @pytest.mark.parametrize(
        ("requires", "version"),
        [
            (None, None),
            ({}, None),
            ({"python_version": ""}, None),
            ({"python_full_version": "3.8.1"}, "3.8.1"),
            ({"python_version": "3.8", "python_full_version": "3.8.1"}, "3.8"),
        ],
    )
    def test_python_version(self, requires: Json | None, version: str | None) -> None:
        assert requirements(pipfile({}, requires=requires)).python_version == version

    @pytest.mark.parametrize("value", [{}, {"packages": None, "dev-packages": None, "source": None, "requires": None}])
    def test_nothing_is_required(self, value: Json) -> None:
        assert requirements(value) == RequirementsFact([], None, [])

    def test_none(self) -> None:
        assert read_requirements(None, "$") is None


class TestLocks:
    @pytest.mark.parametrize("version", ["==1.0.0-beta", "1.0.0-beta", "===1.0.0b0", " == 1.0.0b0 "])
    def test_version(self, version: str) -> None:
        fact = locked_entry({"version": version, "hashes": ["sha256:BB", "sha256:aa", "sha256:aa", ""]})
        expected = LockedPackageFact("foo-bar", "1.0.0b0", PYPI, False, [], "", ["sha256:aa", "sha256:bb"])
        assert fact == expected

    @pytest.mark.parametrize("entry", [None, {}, {"version": None, "hashes": None, "markers": None}, {"version": ""}])
    def test_without_a_version(self, entry: Json | None) -> None:
        assert locked_entry(entry) == LockedPackageFact("foo-bar", "", "", False, [], "", [])

    @pytest.mark.parametrize("version", ["*", ">=1.0", "==1.*", "==1.0,!=2.0", "~=1.0"])
    def test_version_that_is_not_pinned(self, version: str) -> None:
        fact = locked_entry({"version": version})
        assert fact.package_version == ""
        assert json.loads(fact.other_fields) == {"version": version}

    def test_revision_of_a_repository(self) -> None:
        facts = [locked_entry({"git": "https://example.com/a.git", "ref": ref}) for ref in ("0a", "0b")]
        assert [fact.index_url for fact in facts] == ["", ""]
        assert [json.loads(fact.other_fields)["ref"] for fact in facts] == ["0a", "0b"]

    @pytest.mark.parametrize(
        ("sources", "index", "url"),
        [
            (made.SOURCES, None, PYPI),
            ((*made.SOURCES, {"name": "pypi-org", "url": f"{PYPI}/"}), None, PYPI),
            (TWO_SOURCES, None, ""),
            (TWO_SOURCES, "other", OTHER),
            (TWO_SOURCES, OTHER, OTHER),
            (made.SOURCES, "gone", ""),
            (({"url": OTHER},), OTHER, OTHER),
        ],
    )
    def test_index(self, sources: tuple[Json, ...], index: str | None, url: str) -> None:
        fact = locked_entry({"version": "==1.0", "index": index}, *sources)
        assert fact.index_url == url
        assert json.loads(fact.other_fields) == ({"index": "gone"} if index == "gone" else {})

    @pytest.mark.parametrize("value", [{}, {"default": None, "develop": None, "_meta": None}])
    def test_nothing_is_locked(self, value: Json) -> None:
        assert locked(value) == LockFact([])

    def test_packages_for_development(self) -> None:
        fact = locked(lock({"b": "1.0"}, develop={"a": "1.0", "B": "1.0"}))
        assert [(each.package_name, each.develop) for each in fact.packages] == [("a", True), ("b", False), ("b", True)]


@pytest.mark.parametrize(
    ("specifier", "version"),
    [("==1.0", "1.0"), ("2004d", "2004d"), ("==1!1.0+AB", "1!1.0+ab"), (None, None), ("==", None), ("!=1.0", None)],
)
def test_pinned_version(specifier: str | None, version: str | None) -> None:
    assert pinned_version(specifier) == version


def test_stack_without_parts() -> None:
    assert read_stack("USER", None, None, "$") is None


class TestDigests:
    def test_of_equal_content_in_another_spelling_and_order(self) -> None:
        left = pipfile({"PyYAML": {"version": "*", "extras": ["b", "A"]}, "a": "*"})
        right = pipfile({"a": {}, "pyyaml": {"extras": ["a", "B"], "git": None}})
        assert requirements(left).digest() == requirements(right).digest()
        assert (
            locked(lock({"PyYAML": "1.0", "a": "1.0"})).digest() == locked(lock({"a": "1.0", "pyyaml": "1.0"})).digest()
        )

    @pytest.mark.parametrize(
        "other",
        [
            pipfile({"a": ">=1"}),
            pipfile({"b": "*"}),
            pipfile({"a": "*", "b": "*"}),
            pipfile({"a": {"extras": ["s3"]}}),
            pipfile({"a": {"markers": "python_version < '3'"}}),
            pipfile({"a": {"index": "pypi"}}),
            pipfile({"a": {"index": "gone"}}),
            pipfile({"a": {"editable": True}}),
            pipfile({"a": "*"}, TWO_SOURCES),
            pipfile({"a": "*"}, requires={"python_version": "3.9"}),
            pipfile({"a": "*"}, pipenv={"allow_prereleases": True}),
            {**pipfile({}), "dev-packages": {"a": "*"}},
        ],
    )
    def test_of_requirements_that_differ(self, other: Json) -> None:
        assert requirements(other).digest() != requirements(pipfile({"a": "*"})).digest()

    @pytest.mark.parametrize(
        "other",
        [
            lock({"a": "1.1"}),
            lock({"b": {"version": "==1.0", "hashes": ["sha256:1.0"]}}),
            lock({"a": {"version": "==1.0"}}),
            lock({"a": {"version": "==1.0", "hashes": ["sha256:1.0"], "extras": ["s3"]}}),
            lock({"a": {"version": "==1.0", "hashes": ["sha256:1.0"], "markers": "x"}}),
            lock({"a": {"version": "==1.0", "hashes": ["sha256:1.0"], "index": "gone"}}),
            lock({"a": {"version": "==1.0", "hashes": ["sha256:1.0"], "ref": "0a"}}),
            lock({"a": "1.0"}, TWO_SOURCES),
            lock({}, develop={"a": "1.0"}),
        ],
    )
    def test_of_locks_that_differ(self, other: Json) -> None:
        assert locked(other).digest() != locked(lock({"a": "1.0"})).digest()

    @settings(deadline=None, max_examples=150)
    @given(left=made.PIPFILES, right=made.PIPFILES)
    def test_of_requirements_are_equal_when_the_oracle_says_so(self, left: Json, right: Json) -> None:
        equal = oracle.requirements_of(left) == oracle.requirements_of(right)
        assert (requirements(left).digest() == requirements(right).digest()) == equal

    @settings(deadline=None, max_examples=150)
    @given(left=made.LOCKS, right=st.none() | made.LOCKS)
    def test_of_locks_are_equal_when_the_oracle_says_so(self, left: Json, right: Json | None) -> None:
        other = copy.deepcopy(left) if right is None else right
        equal = oracle.lock_of(left) == oracle.lock_of(other)
        assert (locked(left).digest() == locked(other).digest()) == equal


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "$.p.requirements: "),
        ({"packages": []}, "$.p.requirements.packages: "),
        ({"packages": {"": "*"}}, "$.p.requirements.packages: "),
        ({"packages": {" ": "*"}}, "$.p.requirements.packages: "),
        ({"packages": {"a": 1}}, "$.p.requirements.packages.a: "),
        ({"packages": {"a": ["*"]}}, "$.p.requirements.packages.a: "),
        ({"packages": {"a": {"version": 1}}}, "$.p.requirements.packages.a.version: "),
        ({"packages": {"a": {"extras": "s3"}}}, "$.p.requirements.packages.a.extras: "),
        ({"packages": {"a": {"extras": [1]}}}, "$.p.requirements.packages.a.extras[0]: "),
        ({"packages": {"a": {"index": []}}}, "$.p.requirements.packages.a.index: "),
        ({"dev-packages": {"a": {"markers": 1}}}, "$.p.requirements.dev-packages.a.markers: "),
        ({"source": {}}, "$.p.requirements.source: "),
        ({"source": [{"name": "pypi"}]}, "$.p.requirements.source[0]: "),
        ({"source": [{"url": None}]}, "$.p.requirements.source[0].url: "),
        ({"source": [{"url": "/"}]}, "$.p.requirements.source[0].url: "),
        ({"requires": []}, "$.p.requirements.requires: "),
        ({"requires": {"python_version": 3.8}}, "$.p.requirements.requires.python_version: "),
    ],
)
def test_path_to_the_bad_field_of_requirements(value: Any, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_stack("USER", value, None, "$.p")
    assert str(error.value).startswith(path)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("", "$.p.requirements_locked: "),
        ({"default": []}, "$.p.requirements_locked.default: "),
        ({"default": {"": {}}}, "$.p.requirements_locked.default: "),
        ({"default": {"a": "==1.0"}}, "$.p.requirements_locked.default.a: "),
        ({"default": {"a": {"version": 1}}}, "$.p.requirements_locked.default.a.version: "),
        ({"default": {"a": {"hashes": "sha256:a"}}}, "$.p.requirements_locked.default.a.hashes: "),
        ({"develop": {"a": {"hashes": [None]}}}, "$.p.requirements_locked.develop.a.hashes[0]: "),
        ({"_meta": []}, "$.p.requirements_locked._meta: "),
        ({"_meta": {"sources": [{}]}}, "$.p.requirements_locked._meta.sources[0]: "),
        ({"_meta": {"sources": [{"url": ""}]}}, "$.p.requirements_locked._meta.sources[0].url: "),
    ],
)
def test_path_to_the_bad_field_of_a_lock(value: Any, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_stack("USER", None, value, "$.p")
    assert str(error.value).startswith(path)


@settings(deadline=None, max_examples=50)
@given(required=made.PIPFILES, lock_=made.LOCKS)
def test_reading_changes_nothing(required: Json, lock_: Json) -> None:
    before = copy.deepcopy((required, lock_))
    read_stack("USER", required, lock_, "$")
    assert (required, lock_) == before
