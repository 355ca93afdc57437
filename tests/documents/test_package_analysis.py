"""Package analyses of every year are read alike; one that does not fit is refused with the path to the field."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from tests.factories import PYPI, Json
from tests.factories_images import OTHER_INDEX, artifact, digest, examples, of_july_2019, package_analysis
from thoth.storages.documents.package_analysis import (
    ArtifactFact,
    PackageAnalysisFacts,
    read_package_analysis_document,
)
from thoth.storages.exceptions import SchemaError

WHEEL = artifact("a-1.0-cp38-cp38-linux_x86_64.whl", files=["a/b.py"], symbols={"libc.so.6": ["GLIBC_2.17"]})
PYTHON = ["metadata", "arguments", "python"]
ARTIFACT: list[Any] = ["result", "artifacts", 0]


def changed(path: list[Any], value: Any) -> Json:
    """Return a package analysis with a value put at a path; `...` removes what is there."""
    document = copy.deepcopy(package_analysis("a", "1.0", WHEEL))
    *parents, last = path
    place: Any = document
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


BAD_DOCUMENTS: list[tuple[list[Any], Any, str]] = [
    (["metadata"], ..., "$: Object missing required field `metadata`"),
    (["result"], ..., "$: Object missing required field `result`"),
    (["result"], None, "$.result: "),
    (["result"], [], "$.result: "),
    (["metadata", "document_id"], None, "$.metadata.document_id: "),
    (["metadata", "datetime"], ..., "$.metadata.datetime: "),
    (["metadata", "duration"], -1, "$.metadata.duration: "),
    (["metadata", "arguments"], ..., "$.metadata: "),
    (["metadata", "arguments"], None, "$.metadata.arguments: "),
    (PYTHON, ..., "$.metadata.arguments: "),
    ([*PYTHON, "package_name"], [], "$.metadata.arguments.python.package_name: "),
    ([*PYTHON, "index_url"], 1, "$.metadata.arguments.python.index_url: "),
    (["result", "artifacts"], ..., "$.result.artifacts: absent"),
    (["result", "artifacts"], None, "$.result.artifacts: absent"),
    (["result", "artifacts"], {}, "$.result.artifacts: "),
    (["result", "error"], "no", "$.result.error: "),
    (["result", "error_message"], 1, "$.result.error_message: "),
    ([*ARTIFACT, "sha256"], ..., "$.result.artifacts[0]: "),
    ([*ARTIFACT, "sha256"], None, "$.result.artifacts[0].sha256: "),
    ([*ARTIFACT, "sha256"], "", "$.result.artifacts[0].sha256: empty"),
    ([*ARTIFACT, "name"], 1, "$.result.artifacts[0].name: "),
    ([*ARTIFACT, "digests"], {}, "$.result.artifacts[0].digests: "),
    ([*ARTIFACT, "digests", 0, "filepath"], ..., "$.result.artifacts[0].digests[0]: "),
    ([*ARTIFACT, "digests", 0, "filepath"], "a\0.py", "$.result.artifacts[0].digests[0].filepath: "),
    ([*ARTIFACT, "digests", 0, "sha256"], None, "$.result.artifacts[0].digests[0].sha256: "),
    ([*ARTIFACT, "digests", 0, "sha256"], "x" * 64, "$.result.artifacts[0].digests[0].sha256: "),
    ([*ARTIFACT, "symbols"], [], "$.result.artifacts[0].symbols: "),
    ([*ARTIFACT, "symbols", "libc.so.6"], [None], "$.result.artifacts[0].symbols"),
    ([*ARTIFACT, "symbols", "libc.so.6"], [""], "$.result.artifacts[0].symbols.libc.so.6: "),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_what_does_not_fit_is_refused(path: list[Any], value: Any, message: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_package_analysis_document(changed(path, value))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "path",
    [
        ["metadata", "analyzer"],
        ["metadata", "analyzer_version"],
        ["metadata", "duration"],
        ["metadata", "arguments", "thoth-package-analyzer"],
        ["metadata", "arguments", "thoth-package-analyzer", "verbose"],
        [*PYTHON, "package_name"],
        [*PYTHON, "package_version"],
        [*PYTHON, "index_url"],
        ["result", "error"],
        ["result", "error_message"],
        ["result", "package_name"],
        ["result", "package_version"],
        ["result", "index_url"],
        [*ARTIFACT, "name"],
        [*ARTIFACT, "digests"],
        [*ARTIFACT, "symbols"],
        [*ARTIFACT, "symbols", "libc.so.6"],
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_null_is_as_good_as_absent(path: list[Any]) -> None:
    expected = read_package_analysis_document(changed(path, ...))
    assert read_package_analysis_document(changed(path, None)) == expected


def test_a_package_without_a_name_is_refused() -> None:
    document = changed([*PYTHON, "package_name"], "")
    document["result"]["package_name"] = None
    with pytest.raises(SchemaError, match=r"^\$\.metadata\.arguments\.python\.package_name: "):
        read_package_analysis_document(document)


def test_document_is_not_changed() -> None:
    for document in [*examples("package-analysis-documents"), of_july_2019(package_analysis("a", "1.0", WHEEL))]:
        before = copy.deepcopy(document)
        read_package_analysis_document(document)
        assert document == before


def test_whole_document() -> None:
    first = artifact(
        None,
        files=["x/b.py", "x/a.py", "y/a.py", "x/a.pyi", "a.h"],
        symbols={"libc.so.6": ["GLIBC_2.17"], "libm.so.6": None},
        sha256="sha256:AB",
    )
    again = artifact("a.whl", files=["z/a.py"], symbols={"libc.so.6": ["GLIBC_2.5"]}, sha256="ab")
    document = package_analysis(
        "Foo_Bar", "1.0.0-beta", first, again, index_url=f"{PYPI}/", error=True, error_message="no"
    )
    assert read_package_analysis_document(document) == PackageAnalysisFacts(
        document_id="package-analyzer-210701000000-0a",
        datetime=dt.datetime(2021, 7, 1, tzinfo=dt.UTC),
        duration=21,
        package_analyzer_name="thoth-package-analyzer",
        package_analyzer_version="0.1.2",
        debug=False,
        error=True,
        error_message="no",
        package_name="foo-bar",
        package_version="1.0.0b0",
        index_url=PYPI,
        artifacts={
            "ab": ArtifactFact(
                "a.whl",
                {
                    bytes.fromhex(digest("b.py")): ["x/b.py"],
                    bytes.fromhex(digest("a.py")): ["x/a.py", "y/a.py", "z/a.py"],
                },
                {("libc.so.6", "GLIBC_2.17"), ("libc.so.6", "GLIBC_2.5")},
            )
        },
    )


@pytest.mark.parametrize(
    ("argument", "of_result", "expected"),
    [
        ("1.10", "1.1", "1.10"),
        (1.1, "1.10", "1.10"),
        (2, "2", "2"),
        (2, None, "2"),
        (None, "3.0", "3.0"),
        ("", " ", None),
        (None, None, None),
    ],
)
def test_version_that_was_taken_for_a_number(argument: Any, of_result: str | None, expected: str | None) -> None:
    document = changed([*PYTHON, "package_version"], argument)
    document["result"]["package_version"] = of_result
    assert read_package_analysis_document(document).package_version == expected


def test_failure_without_artifacts() -> None:
    document = changed(["result", "artifacts"], None)
    document["result"].update(error=True, error_message="the index has no such release")
    read = read_package_analysis_document(document)
    assert (read.error, read.error_message, read.artifacts) == (True, "the index has no such release", {})


class TestJuly2019:
    def test_files_by_index(self) -> None:
        read = read_package_analysis_document(of_july_2019(package_analysis("a", "1.0", WHEEL)))
        assert (read.package_name, read.package_version, read.index_url, read.error) == ("a", "1.0", PYPI, False)
        assert read.artifacts == {
            digest(WHEEL["name"]): ArtifactFact(WHEEL["name"], {bytes.fromhex(digest("b.py")): ["a/b.py"]}, set())
        }

    def test_index_that_the_arguments_do_not_name(self) -> None:
        document = of_july_2019(package_analysis("a", "1.0", WHEEL))
        document["metadata"]["arguments"]["python"] = {}
        read = read_package_analysis_document(document)
        assert (read.package_name, read.package_version, read.index_url) == ("a", "1.0", PYPI)
        document["result"][OTHER_INDEX] = {"files": [], "index_url": OTHER_INDEX}
        assert read_package_analysis_document(document).index_url is None

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            (None, f"$.result.{PYPI}.files: "),
            ([{"name": "a"}], f"$.result.{PYPI}.files[0]: "),
            ([{"sha256": ""}], f"$.result.{PYPI}.files[0].sha256: empty"),
            (
                [{"sha256": "a", "digests": [{"filepath": "a.py", "sha256": ""}]}],
                f"$.result.{PYPI}.files[0].digests[0]",
            ),
        ],
    )
    def test_what_does_not_fit_is_refused(self, files: Any, message: str) -> None:
        document = package_analysis("a", "1.0")
        document["result"] = {PYPI: {"files": files}}
        with pytest.raises(SchemaError) as error:
            read_package_analysis_document(document)
        assert str(error.value).startswith(message)


def test_examples() -> None:
    flask, numpy = map(read_package_analysis_document, examples("package-analysis-documents"))
    assert (flask.package_name, flask.package_version, flask.index_url) == ("flask", "2.0.2", PYPI)
    assert [len(fact.symbols) for fact in flask.artifacts.values()] == [0]
    (wheel,) = numpy.artifacts.values()
    assert ("libc.so.6", "GLIBC_2.7") in wheel.symbols
    assert all(path.endswith(".py") for paths in wheel.python_files.values() for path in paths)
