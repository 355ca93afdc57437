"""Solver documents of every year are read alike; one that does not fit is refused with the path to the field."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings

from tests import strategies
from tests.factories import PYPI, Json, failed, requires, solved, solver_document
from thoth.storages.documents.solver import PackageFact, read_solver_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.identifiers import Environment

RHEL = Environment("rhel", "8", "3.8")


def facts(document: Json) -> dict[str, PackageFact]:
    return {f"{fact.package_name}=={fact.package_version}": fact for fact in read_solver_document(document).packages}


class TestMetadata:
    def test_identifier_and_environment(self) -> None:
        document = read_solver_document(solver_document("solver-ubi-8.3-py310-210701000010-0a"))
        assert document.document_id == "solver-ubi-8.3-py310-210701000010-0a"
        assert document.solver_name == "solver-ubi-8.3-py310"
        assert document.environment == Environment("rhel", "8", "3.10")
        assert document.solver_version == "1.9.0"
        assert document.duration == 12
        assert document.datetime == dt.datetime(2021, 7, 1, tzinfo=dt.UTC)

    def test_host_name_when_there_is_no_identifier(self) -> None:
        document = solver_document(document_id="x", hostname="solver-fedora-30-py36-0123-x7k2p")
        document["metadata"]["document_id"] = None
        assert read_solver_document(document).document_id == "solver-fedora-30-py36-0123"

    def test_container_tells_the_environment_when_the_name_does_not(self) -> None:
        document = solver_document(
            "laptop-1", distribution={"id": "ubi", "version": "8.4"}, python={"major": 3, "minor": 10}
        )
        assert read_solver_document(document).environment == Environment("rhel", "8", "3.10")
        assert read_solver_document(document).solver_name == "laptop"

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"document_id": None}, "$.metadata.document_id"),
            ({"document_id": None, "hostname": "localhost"}, "$.metadata.document_id"),
            ({"document_id": "laptop-1"}, "$.metadata.distribution"),
            ({"document_id": "laptop-1", "distribution": {"id": "rhel", "version": "8"}}, "$.metadata.python"),
            ({"datetime": None}, "$.metadata.datetime"),
            ({"datetime": "yesterday"}, "$.metadata.datetime"),
            ({"datetime": None, "timestamp": 1e300}, "$.metadata.timestamp"),
            ({"duration": -1}, "$.metadata.duration"),
            ({"duration": float("nan")}, "$.metadata.duration"),
            ({"analyzer_version": 1}, "$.metadata.analyzer_version"),
        ],
    )
    def test_what_cannot_be_told_is_refused(self, fields: Json, path: str) -> None:
        document = solver_document()
        document["metadata"].update(fields)
        with pytest.raises(SchemaError) as error:
            read_solver_document(document)
        assert str(error.value).startswith(path)

    def test_time_by_timestamp_and_with_a_zone(self) -> None:
        assert read_solver_document(solver_document(datetime=None, timestamp=0)).datetime.year == 1970
        zoned = read_solver_document(solver_document(datetime="2021-07-01T02:00:00+02:00"))
        assert zoned.datetime == dt.datetime(2021, 7, 1, tzinfo=dt.UTC)


class TestPackages:
    def test_requested_version_and_index(self) -> None:
        entry = solved("Foo_Bar", "1.0", index_url=f"{PYPI}/", package_version_requested="1.0.0-beta")
        fact = facts(solver_document(tree=[entry]))["foo-bar==1.0.0b0"]
        assert fact.index_url == PYPI
        assert not fact.error

    def test_without_an_index(self) -> None:
        assert facts(solver_document(tree=[solved("a", index_url=None)]))["a==1.0"].index_url is None

    def test_digests_of_every_year(self) -> None:
        later = solved("a", sha256=["AA", ""])
        of_2018 = solved(
            "b", hashes={"hashes": [{"hash": "sha256:bb", "url": "x"}, {"hash": "cc"}]}, hash_type="sha256"
        )
        other = solved("c", hashes={"hashes": [{"hash": "dd"}]}, hash_type="sha512")
        found = facts(solver_document(tree=[later, of_2018, other]))
        assert found["a==1.0"].sha256 == {"aa"}
        assert found["b==1.0"].sha256 == {"bb", "cc"}
        assert found["c==1.0"].sha256 == frozenset()

    def test_metadata_licence_and_import_names(self) -> None:
        core = {
            "Name": "a",
            "Author-email": "a@example.org",
            "Keywords": ["x", "y"],
            "Classifier": ["Framework :: Flask"],
            "Obsoletes-Dist": "old",
            "Project-URL": ["https://example.org"],
            "License-File": ["LICENSE"],
            "Summary": None,
        }
        entry = solved(
            "a",
            importlib_metadata={"metadata": core},
            packages=["b", "a", "a"],
            package_license={"license": {"full_name": "MIT", "identifier_spdx": "MIT"}, "warning": True},
        )
        fact = facts(solver_document(tree=[entry]))["a==1.0"]
        assert fact.import_packages == ("a", "b")
        assert fact.license == ("MIT", "MIT", None)
        assert fact.license_warning is True
        assert fact.core_metadata is not None
        assert fact.core_metadata.author_email == "a@example.org"
        assert fact.core_metadata.keywords == "x,y"
        assert fact.core_metadata.classifiers == ["Framework :: Flask"]
        assert fact.core_metadata.obsoletes_dist == ["old"]
        assert fact.core_metadata.project_urls == ["https://example.org"]
        assert fact.core_metadata.other_fields == {"License-File": ["LICENSE"]}

    def test_equal_metadata_has_an_equal_digest(self) -> None:
        def digest(core: Json) -> bytes:
            fact = facts(solver_document(tree=[solved("a", importlib_metadata={"metadata": core})]))["a==1.0"]
            assert fact.core_metadata is not None
            return fact.core_metadata.digest()

        assert digest({"Name": "a", "Dynamic": {"x": 1, "y": 2}}) == digest({"Dynamic": {"y": 2, "x": 1}, "name": "a"})
        assert digest({"Name": "a"}) != digest({"Name": "b"})

    def test_failures(self) -> None:
        document = solver_document(
            errors=[
                failed("a", is_provided_package_version=False),
                {"package": "b", "version": "2", "index": PYPI, "is_provided": True},
            ]
        )
        found = facts(document)
        assert found["a==1.0"].error
        assert found["a==1.0"].is_provided is False
        assert found["b==2"].is_provided is True

    @pytest.mark.parametrize(
        ("specifier", "version"),
        [
            ("==9.9", "9.9"),
            ("===9.9", "9.9"),
            ("== 9.9", "9.9"),
            (">=1", None),
            ("==1.*", None),
            ("==1,<2", None),
            ("", None),
        ],
    )
    def test_unresolved_counts_when_it_is_pinned(self, specifier: str, version: str | None) -> None:
        found = facts(solver_document(unresolved=[{"package_name": "a", "version_spec": specifier, "index": PYPI}]))
        assert list(found) == ([f"a=={version}"] if version else [])
        assert all(fact.error_unsolvable and fact.error for fact in found.values())

    @pytest.mark.parametrize(
        ("requirement", "key"),
        [
            ("bad!===1", "bad!==1"),
            ("bad!==1", "bad!==1"),
            ("ipython doctest==0.1", "ipython doctest==0.1"),
            ("x>1", None),
        ],
    )
    def test_unparsed_counts_when_it_is_pinned(self, requirement: str, key: str | None) -> None:
        found = facts(solver_document(unparsed=[{"requirement": requirement, "details": "…"}]))
        assert list(found) == ([key] if key else [])
        assert all(fact.error_unparseable and fact.index_url is None for fact in found.values())

    def test_that_it_was_installed_counts_more_than_a_failure(self) -> None:
        for order in (1, -1):
            tree = [solved("a", dependencies=[requires("b", "1")], sha256=["aa"])][::order]
            fact = facts(solver_document(tree=tree, errors=[failed("a")]))["a==1.0"]
            assert not fact.error
            assert fact.sha256 == {"aa"}

    def test_two_entries_are_united(self) -> None:
        tree = [solved("a", dependencies=[requires("b", "1")]), solved("A", dependencies=[requires("b", "2")])]
        fact = facts(solver_document(tree=tree))["a==1.0"]
        assert [requirement.versions for requirement in fact.requirements] == [("1", "2")]


class TestRequirements:
    def requirements(self, **fields: Any) -> list[tuple[Any, ...]]:
        entry = solved("a", dependencies=[{"package_name": "B", **fields}])
        return [tuple(each) for each in facts(solver_document(tree=[entry]))["a==1.0"].requirements]

    def test_of_2018_and_2019(self) -> None:
        assert self.requirements(required_version=">=1", resolved_versions=["1.0", "1.0.0-rc1"]) == [
            ("b", ">=1", None, None, None, ("1.0", "1.0.0rc1"))
        ]

    def test_of_today(self) -> None:
        found = self.requirements(
            specifier=">=1",
            extra=["S3", None, "s3_x"],
            marker="python_version < '4'",
            marker_evaluation_result=False,
            resolved_versions=[{"index": PYPI, "versions": ["2", "1"]}, {"index": None, "versions": ["3", "1"]}],
        )
        marker = "python_version < '4'"
        assert found == [("b", ">=1", marker, extra, False, ("1", "2", "3")) for extra in (None, "s3", "s3-x")]

    def test_what_is_missing_is_any(self) -> None:
        assert self.requirements(specifier=None, marker="", extra=None) == [("b", "*", None, None, None, ())]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda document: document.pop("result"), "$: Object missing required field `result`"),
        (lambda document: document["result"].update(tree={}), "$.result.tree"),
        (lambda document: document["result"]["tree"][0].update(package_name=None), "$.result.tree[0].package_name"),
        (
            lambda document: document["result"]["tree"][0].update(package_version="", package_version_requested=""),
            "$.result.tree[0].package_version",
        ),
        (lambda document: document["result"]["tree"][0].update(package_name="a\0"), "$.result.tree[0].package_name"),
        (lambda document: document["result"]["tree"][0].update(sha256=["\ud800"]), "$.result.tree[0].sha256[0]"),
        (
            lambda document: document["result"]["tree"][0]["dependencies"][0].update(package_name=""),
            "$.result.tree[0].dependencies[0].package_name",
        ),
        (
            lambda document: document["result"]["tree"][0]["dependencies"][0].update(resolved_versions=[1]),
            "$.result.tree[0].dependencies[0].resolved_versions[0]",
        ),
        (
            lambda document: document["result"]["tree"][0].update(importlib_metadata={"metadata": {"Summary": 1}}),
            "$.result.tree[0].importlib_metadata.metadata.Summary",
        ),
        (
            lambda document: document["result"].update(errors=[{"package_version": "1"}]),
            "$.result.errors[0].package_name",
        ),
        (lambda document: document["result"].update(errors=[{"package": "a"}]), "$.result.errors[0].package_version"),
        (lambda document: document["result"].update(unresolved=[{}]), "$.result.unresolved[0]"),
        (lambda document: document["result"].update(unparsed=[{"requirement": 1}]), "$.result.unparsed[0].requirement"),
    ],
)
def test_path_to_the_bad_field(change: Any, path: str) -> None:
    document = solver_document(tree=[solved("a", dependencies=[requires("b", "1")])])
    change(document)
    with pytest.raises(SchemaError) as error:
        read_solver_document(document)
    assert str(error.value).startswith(path)


@pytest.mark.parametrize("document", [[], "text", None, 1])
def test_not_an_object(document: Any) -> None:
    with pytest.raises(SchemaError, match=r"\$: expected an object"):
        read_solver_document(document)


@settings(deadline=None, max_examples=40)
@given(documents=strategies.solver_documents())
def test_reading_changes_nothing_and_ignores_what_it_does_not_know(documents: list[Json]) -> None:
    for document in documents:
        before = copy.deepcopy(document)
        read = read_solver_document(document)
        assert document == before
        more = {**document, "new": 1, "metadata": {**document["metadata"], "new": {}}}
        assert read_solver_document(more) == read
