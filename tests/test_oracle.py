"""The oracle itself is right: each rule by hand, with literal answers, and two laws on drawn documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.oracle import Edge, Env, Oracle, Package, read_document
from tests.oracle.graph import normalized

PYPI, OTHER = "https://pypi.org/simple", "https://index.example.com/simple"
RHEL: Env = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}
FEDORA: Env = {"os_name": "fedora", "os_version": "31", "python_version": "3.10"}
RHEL_ID, FEDORA_ID = "solver-rhel-8-py38-0a", "solver-fedora-31-py310-0a"
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def document(document_id: str = RHEL_ID, datetime: str = "2021-07-01T00:00:00.000000", **result: Any) -> dict[str, Any]:
    """Make a solver document."""
    return {"metadata": {"document_id": document_id, "datetime": datetime}, "result": {"tree": [], **result}}


def solved(
    name: str, version: str, *dependencies: dict[str, Any], index: str | None = PYPI, **more: Any
) -> dict[str, Any]:
    """Make an entry of the tree."""
    entry = {"package_name": name, "package_version": version, "index_url": index, "dependencies": list(dependencies)}
    return {**entry, **more}


def needs(name: str, *versions: str, **more: Any) -> dict[str, Any]:
    """Make a dependency of an entry of the tree."""
    return {"package_name": name, "resolved_versions": [{"index": PYPI, "versions": list(versions)}], **more}


# One document ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "document_id", "environment"),
    [
        ({"document_id": "solver-rhel-8-py38-0a"}, "solver-rhel-8-py38-0a", ("rhel", "8", "3.8")),
        (
            {"document_id": None, "hostname": "solver-fedora-31-py310-210701000000-0a-x7k2p"},
            "solver-fedora-31-py310-210701000000-0a",
            ("fedora", "31", "3.10"),
        ),
        ({"document_id": "solver-ubi-8.3-py36-0a"}, "solver-ubi-8.3-py36-0a", ("rhel", "8", "3.6")),
        (
            {"document_id": "solver-opensuse-leap-15.2-py36-0a"},
            "solver-opensuse-leap-15.2-py36-0a",
            ("opensuse-leap", "15.2", "3.6"),
        ),
        ({"hostname": "laptop-fc31-0a"}, "laptop-fc31", ("debian", "11.3", "3.11")),
    ],
)
def test_id_and_environment(metadata: dict[str, Any], document_id: str, environment: tuple[str, str, str]) -> None:
    """The id is given or is the host's; the name of the solver tells the environment, else the distribution does."""
    told = {"distribution": {"id": "Debian", "version": "11.3"}, "python": {"major": 3, "minor": 11}}
    read = read_document({"metadata": {"datetime": "2021-07-01T00:00:00", **told, **metadata}, "result": {}})
    assert (read.document_id, tuple(read.environment)) == (document_id, environment)


def test_facts_of_one_document() -> None:
    """Every kind of entry of every year, in normal spelling; what is not about one version says nothing."""
    facts = read_document(
        document(
            tree=[solved("PyYAML", "9", package_version_requested="1.0.0-beta", index=f"{PYPI}/", sha256=["b", "a"])],
            errors=[
                {"package": "Foo_Bar", "version": "2004d", "index": "https://pypi.python.org/simple"},
                {"package_name": "foo", "package_version": "1", "index_url": None},
            ],
            unresolved=[
                {"package_name": "c", "version_spec": "== 1.0", "index": OTHER},
                {"package_name": "d", "version_spec": "===2.0", "index_url": OTHER},
                *({"package_name": "e", "version_spec": spec} for spec in ("==1.*", ">=1", "==1,!=2", "", "==", None)),
            ],
            unparsed=[
                *({"requirement": text} for text in ("a b==1", "bad!===1.0-beta", "f==1==2")),
                *({"requirement": text} for text in ("g==", "==1", "g>=1", "g", "")),
            ],
        )
    ).facts
    assert {package: (fact.error, fact.unsolvable, fact.unparseable) for package, fact in facts.items()} == {
        ("pyyaml", "1.0.0b0", PYPI): (False, False, False),
        ("foo-bar", "2004d", PYPI): (True, False, False),
        ("foo", "1", None): (True, False, False),
        ("c", "1.0", OTHER): (True, True, False),
        ("d", "2.0", OTHER): (True, True, False),
        ("a b", "1", None): (True, False, True),
        ("bad!", "1.0b0", None): (True, False, True),
        ("f==1", "2", None): (True, False, True),
    }


def test_facts_unite_within_a_document() -> None:
    """Being solved counts more than an error; two entries of a tree add up, and so do two errors."""
    twice = [solved("a", "1.0", needs("b", "1"), sha256=["x"]), solved("A", "v1.0", needs("c", "1"), sha256=["y"])]
    failed = [{"package_name": "a", "version": "1.0", "index": PYPI}, {"package_name": "b", "version": "1"}]
    oracle = Oracle([document(tree=twice, errors=failed, unparsed=[{"requirement": "b==1"}])])
    assert oracle.has_python_solver_error("a", "1.0", PYPI) is False
    assert oracle.get_depends_on("a", "1.0", PYPI) == [("b", "1"), ("c", "1")]
    assert oracle.get_python_package_version_hashes_sha256("a", "1.0") == ["x", "y"]
    assert oracle.retrieve_unparseable_python_packages() == {"b": ["1"]}
    assert oracle.get_all_python_packages_count(without_error=False) == 2


def test_digests_of_2018() -> None:
    """The first documents name the algorithm of their digests: others than SHA-256 are not asked for."""
    hashes = {"hashes": [{"hash": "x", "url": "https://files.example.com/"}]}
    tree = [solved(name, "1", hashes=hashes, hash_type=name) for name in ("sha256", "sha512")]
    oracle = Oracle([document(tree=tree)])
    assert oracle.get_python_package_version_hashes_sha256("sha256", "1") == ["x"]
    assert oracle.get_python_package_version_hashes_sha256("sha512", "1") == []


def test_first_document_of_an_id_counts() -> None:
    """The same id again is the same document, whatever it says."""
    oracle = Oracle([document(tree=[solved("a", "1")]), document(tree=[solved("b", "1")])])
    assert (oracle.get_solver_documents_count(), oracle.get_python_packages()) == (1, {"a"})
    assert oracle.solver_document_id_exist(RHEL_ID)
    assert not oracle.solver_document_id_exist(FEDORA_ID)


# What counts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "ids", "last"),
    [
        (("2021-07-01T00:00:00.000001", "2021-07-01T00:00:00"), ("0a", "0b"), "first"),
        (("2021-07-01T00:00:00.000000", "2021-07-01T00:00:00"), ("0a", "0b"), "second"),
        (("2021-07-01T00:00:00.000000", "2021-07-01T00:00:00"), ("0b", "0a"), "first"),
    ],
)
def test_latest_document_counts(times: tuple[str, str], ids: tuple[str, str], last: str) -> None:
    """The latest by time, then by id, whatever the order in which they come; digests and names are of all."""
    documents = [
        document(f"solver-rhel-8-py38-{end}", time, tree=[solved("a", "1", needs(name, "1"), sha256=[name])])
        for end, time, name in zip(ids, times, ("first", "second"), strict=True)
    ]
    for given_order in (documents, documents[::-1]):
        oracle = Oracle(given_order)
        assert oracle.get_depends_on("a", "1", PYPI) == [(last, "1")]
        assert oracle.get_all_python_package_version_hashes_sha256("a", "1") == [(PYPI, "first"), (PYPI, "second")]
        assert oracle.get_python_packages() == {"a", "first", "second"}


def test_environments_are_apart() -> None:
    """An error in one environment changes nothing in another; ``ubi`` 8.3 and ``rhel`` 8 are one."""
    oracle = Oracle(
        [
            document("solver-ubi-8.3-py38-0a", tree=[solved("a", "1", needs("b", "1"))]),
            document(FEDORA_ID, "2022-01-01T00:00:00", errors=[{"package_name": "a", "version": "1", "index": PYPI}]),
        ]
    )
    assert oracle.get_depends_on("a", "1", PYPI, **RHEL) == [("b", "1")]
    assert oracle.get_depends_on("a", "1", PYPI, os_name="ubi", os_version="8.9") == [("b", "1")]
    assert oracle.get_depends_on("a", "1", PYPI, **FEDORA) == []
    assert oracle.get_depends_on("a", "1", PYPI) == [("b", "1")]
    assert oracle.has_python_solver_error("a", "1", PYPI, **RHEL) is False
    assert oracle.has_python_solver_error("a", "1", PYPI) is True
    assert [row["os_name"] for row in oracle.get_python_package_version_records("a", "1", None)] == ["fedora", "rhel"]
    assert oracle.solved_software_environment_exists("UBI", "8", "3.8")
    assert not oracle.solved_software_environment_exists("rhel", "8", "3.10")
    with pytest.raises(LookupError):
        oracle.get_depends_on("a", "1", PYPI, os_name="rhel", python_version="3.10")


# Dependencies ----------------------------------------------------------------------------------------------------


def test_extras_and_markers_filter() -> None:
    """By default what has no extra and was not refused by its marker; extras given count strictly."""
    entry = solved(
        "a",
        "1",
        needs("plain", "1", "1.0.0-beta"),
        needs("unevaluated", "1", marker_evaluation_result=None),
        needs("refused", "1", marker_evaluation_result=False),
        needs("extra", "1", extra=["Dev_Test", "s3"]),
        needs("empty"),
        {"package_name": "of-2018", "resolved_versions": ["1"]},
    )
    oracle = Oracle([document(tree=[entry])])
    plain = [("of-2018", "1"), ("plain", "1"), ("plain", "1.0.0b0"), ("unevaluated", "1")]
    assert oracle.get_depends_on("a", "1", PYPI) == plain
    assert oracle.get_depends_on("a", "1", PYPI, marker_evaluation_result=True) == plain
    assert oracle.get_depends_on("a", "1", PYPI, marker_evaluation_result=False) == [("refused", "1")]
    assert oracle.get_depends_on("a", "1", PYPI, extras=frozenset({"dev-test"})) == [("extra", "1")]
    assert oracle.get_depends_on("a", "1", PYPI, extras=frozenset({"S3", None})) == [("extra", "1"), *plain]
    assert oracle.get_depends_on("a", "1", PYPI, extras=frozenset()) == []


def test_transitive_dependencies() -> None:
    """A cycle, two indexes of one release, an unsolved dependency, a failed one; each environment by itself."""
    tree = [solved("a", "1", needs("b", "1")), solved("b", "1", needs("a", "1"), needs("gone", "1"), needs("bad", "1"))]
    tree += [solved("b", "1", index=OTHER)]
    failed = [{"package_name": "bad", "version": "1", "index": PYPI}]
    oracle = Oracle(
        [document(tree=tree, errors=failed), document(FEDORA_ID, tree=[solved("gone", "1", needs("a", "1"))])]
    )
    a, b, other_b, bad = ("a", "1", PYPI), ("b", "1", PYPI), ("b", "1", OTHER), ("bad", "1", PYPI)
    edges: set[Edge] = {(a, b), (a, other_b), (b, a), (b, ("gone", "1", None)), (b, bad)}
    assert oracle.retrieve_transitive_dependencies_python(*a, **RHEL) == edges
    assert oracle.retrieve_transitive_dependencies_python(*a) == edges
    assert oracle.retrieve_transitive_dependencies_python(*a, **FEDORA) == set()
    assert oracle.retrieve_transitive_dependencies_python("gone", "1", PYPI) == {
        (("gone", "1", PYPI), ("a", "1", None))
    }
    roots: tuple[Package, Package] = (("A", "v1", f"{PYPI}/"), ("never", "1", PYPI))
    assert oracle.retrieve_transitive_dependencies_python_multi(*roots) == {a: edges, ("never", "1", PYPI): set()}
    assert oracle.closure_nodes(*roots) == {a, b, other_b, bad, ("gone", "1", None)}


def test_dependents() -> None:
    """Direct and transitive; with an index, the record there has to be reached; an unsolved one has dependents too."""
    tree = [solved("a", "1", needs("b", "1")), solved("b", "1", needs("b", "2"), needs("gone", "1")), solved("b", "2")]
    tree += [solved("x", "1", needs("gone", "2", extra=["s3"])), solved("b", "1", needs("a", "2"), index=None)]
    oracle = Oracle([document(tree=tree), document(FEDORA_ID, tree=[solved("c", "1", needs("a", "1"))])])
    a, b = ("a", "1", PYPI), ("b", "1", PYPI)
    assert oracle.retrieve_dependent_packages("B") == {"a": ["1"], "b": ["1"]}
    assert oracle.retrieve_dependent_packages("b", "2") == {"b": ["1"]}
    assert oracle.retrieve_dependent_packages("a") == {"c": ["1"]}
    assert oracle.retrieve_transitive_dependents_python("gone") == [a, b]
    assert oracle.retrieve_transitive_dependents_python("gone", "2") == []
    assert oracle.retrieve_transitive_dependents_python("gone", "1", PYPI) == []
    assert oracle.retrieve_transitive_dependents_python("b", "2", PYPI, **RHEL) == [a, b]
    assert oracle.retrieve_transitive_dependents_python("b", "1", OTHER) == []
    assert oracle.retrieve_transitive_dependents_python("b", start_offset=1, count=1) == [b]
    assert oracle.retrieve_transitive_dependents_python_count("b") == 2
    assert oracle.retrieve_transitive_dependents_python("a") == [("c", "1", PYPI)]


def test_environment_marker() -> None:
    """The first marker of the edge, over all extras and results; none when it has none; an error without an edge."""
    entry = solved(
        "a", "1", needs("b", "1", marker="y", extra=["s3"]), needs("b", "1", "2", marker="x"), needs("c", "1")
    )
    entry["dependencies"] += [needs("b", "1", marker_evaluation_result=False), needs("d", "1", marker="")]
    oracle = Oracle([document(tree=[entry])])

    def marker(name: str, version: str, package: str = "a") -> str | None:
        return oracle.get_python_environment_marker(
            package, "1", PYPI, dependency_name=name, dependency_version=version, **RHEL
        )

    assert [marker("B", "v1"), marker("b", "2"), marker("c", "1"), marker("d", "1")] == ["x", "x", None, None]
    for absent in (("b", "3"), ("e", "1"), ("b", "1", "z")):
        with pytest.raises(LookupError):
            marker(*absent)


# Packages and solvers --------------------------------------------------------------------------------------------


def listing() -> Oracle:
    """Two environments, each kind of fact, and dependencies of which nothing else is known."""
    return Oracle(
        [
            document(
                tree=[
                    solved("a", "1.0", needs("b", "1.9"), needs("hollow"), sha256=["z"]),
                    solved("a", "1.0.0", index=OTHER),
                    solved("a", "1.10", index=OTHER),
                    solved("a", "1.10"),
                    solved("a", "2004d"),
                    solved("bare", "1", index=None, hash_type="sha256", hashes={"hashes": [{"hash": "x"}]}),
                ],
                errors=[{"package_name": "c", "version": "1", "index": PYPI}],
                unresolved=[{"package_name": "c", "version_spec": "==2", "index": PYPI}],
                unparsed=[{"requirement": "c==3"}],
            ),
            document(FEDORA_ID, tree=[solved("c", "2"), solved("a", "1.0", sha256=["y"])]),
        ]
    )


def test_known_packages() -> None:
    """A release is known when anything speaks of it, also as a dependency; an index and a solver narrow it down."""
    oracle, exists = listing(), listing().python_package_version_exists
    assert oracle.get_python_packages() == {"a", "b", "bare", "c"}
    assert [oracle.python_package_exists(name) for name in ("A", "b", "hollow", "d")] == [True, True, False, False]
    assert [exists("a", "v1.10"), exists("b", "1.9"), exists("b", "1.8"), exists("c", "3")] == [True, True, False, True]
    assert [exists("b", "1.9", PYPI), exists("a", "1.0.0", PYPI), exists("a", "1.0.0", f"{OTHER}/")] == [
        False,
        False,
        True,
    ]
    rhel, fedora = "solver-ubi-8.1-py38", "solver-fedora-31-py310"
    assert [exists("c", "3", None, rhel), exists("c", "3", None, fedora), exists("b", "1.9", None, rhel)] == [
        True,
        False,
        False,
    ]
    assert [exists("c", "2", PYPI, fedora), exists("a", "1.10", OTHER, fedora)] == [True, False]
    assert [exists("a", "1.0", None, "solver-rhel-7-py38")] == [False]
    with pytest.raises(ValueError, match="rhel-8"):
        exists("a", "1.0", None, "rhel-8")
    assert oracle.get_python_packages_for_index(f"{OTHER}/") == {"a"}
    assert (oracle.get_python_package_index_urls(), oracle.get_python_package_index_urls(True)) == (
        {PYPI, OTHER},
        set(),
    )
    assert oracle.get_all_python_package_version_hashes_sha256("bare", "1") == []  # on no index
    assert oracle.get_all_python_package_version_hashes_sha256("A", "v1.0") == [(PYPI, "y"), (PYPI, "z")]
    assert oracle.get_python_package_version_hashes_sha256("a", "1.0", f"{PYPI}/") == ["y", "z"]
    assert oracle.get_python_package_version_hashes_sha256("a", "1.0", OTHER) == []


def test_all_versions_newest_first() -> None:
    """PEP 440 orders, not the text; what it cannot parse is last; then by index."""
    oracle = listing()
    both = [("1.10", OTHER), ("1.10", PYPI), ("1.0.0", OTHER), ("1.0", PYPI), ("2004d", PYPI)]
    assert oracle.get_all_versions_python_package("A") == both
    assert oracle.get_all_versions_python_package("a", index_enabled=False) == both
    assert oracle.get_all_versions_python_package("a", index_enabled=True) == []
    assert oracle.get_all_versions_python_package("a", f"{OTHER}/", **RHEL) == [("1.10", OTHER), ("1.0.0", OTHER)]
    assert oracle.get_all_versions_python_package("a", **FEDORA) == [("1.0", PYPI)]
    assert oracle.get_all_versions_python_package("bare") == []


def test_unsolved_packages() -> None:
    """What is known, but of which no document speaks in the environment of the solver."""
    oracle = listing()
    assert oracle.retrieve_unsolved_python_packages("solver-rhel-8-py38") == [("b", "1.9")]
    assert oracle.retrieve_unsolved_python_packages_count("solver-fedora-31-py310") == 7
    assert oracle.retrieve_unsolved_python_packages_count("solver-rhel-7-py38") == 9


def test_solver_listings_and_counts() -> None:
    """Listings are of releases, by what was said last in any of the environments; counts are of package versions."""
    oracle = listing()
    everything = {"a": ["1.0", "1.0.0", "1.10", "2004d"], "bare": ["1"], "c": ["2"]}
    assert oracle.retrieve_solved_python_packages() == everything
    assert oracle.retrieve_solved_python_packages(count=2, start_offset=3) == {"a": ["2004d"], "bare": ["1"]}
    assert oracle.retrieve_solved_python_packages(solver_name="solver-fedora-31-py310") == {"a": ["1.0"], "c": ["2"]}
    assert oracle.retrieve_solved_python_packages_count() == 6
    assert oracle.retrieve_solved_python_packages_count("solver-rhel-8-py38") == 5
    assert oracle.retrieve_unsolvable_python_packages() == {"c": ["2"]}
    assert oracle.retrieve_unsolvable_python_packages_per_run_software_environment("solver-fedora-31-py310") == {}
    assert oracle.retrieve_unparseable_python_packages("solver-rhel-8-py38") == {"c": ["3"]}
    assert (oracle.get_all_python_packages_count(), oracle.get_all_python_packages_count(without_error=False)) == (
        8,
        11,
    )
    assert oracle.get_error_python_packages_count() == 3
    assert oracle.get_error_python_packages_count(unsolvable=True) == 1
    assert oracle.get_error_python_packages_count(unparseable=True) == 1
    with pytest.raises(ValueError, match="together"):
        oracle.get_error_python_packages_count(unsolvable=True, unparseable=True)


# Laws ------------------------------------------------------------------------------------------------------------


@few
@given(strategies.solver_documents().flatmap(lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))))
def test_order_of_documents_does_not_matter(drawn: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    """The graph is a function of the set of documents."""
    one, other = Oracle(drawn[0]), Oracle(drawn[1])
    assert (one.latest, one.known) == (other.latest, other.known)


@few
@given(strategies.solver_documents(), strategies.environment_questions(), st.data())
def test_dependents_are_those_that_reach(documents: list[dict[str, Any]], asked: Env, data: st.DataObject) -> None:
    """The walk back finds exactly the packages whose own walk forth comes by."""
    name, version, index_url = data.draw(strategies.package_questions(documents))
    oracle = Oracle(documents)
    target = normalized((name, version, index_url))
    reached_from = {
        (record, reached)
        for environment in oracle.environments(asked)
        for record in oracle.records_at(environment)
        for _, reached in oracle.retrieve_transitive_dependencies_python(*record, **environment._asdict())
    }
    dependents = oracle.retrieve_transitive_dependents_python
    assert dependents(name, version, index_url, count=None, **asked) == sorted(
        {record for record, reached in reached_from if reached == target}
    )
    assert dependents(name, version, count=None, **asked) == sorted(
        {record for record, reached in reached_from if reached[:2] == target[:2]}
    )
    assert dependents(name, count=None, **asked) == sorted(
        {record for record, reached in reached_from if reached[0] == target[0]}
    )
