"""Hypothesis strategies: small, nasty solver documents of three generations, and questions about them.

The alphabets are tiny, so that documents meet: they speak of the same package versions, at the same time, in the same
environment spelt in two ways, and dependencies form cycles and diamonds. What comes first in an alphabet is what
an example shrinks to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Json: TypeAlias = dict[str, Any]
PackageTuple: TypeAlias = tuple[str, str, str | None]

# Each line is one thing in its spellings.
NAMES = (
    ("a",),
    ("pyyaml", "PyYAML"),
    ("foo-bar", "Foo_Bar", "foo.-bar"),
    ("b",),
    ("foo",),
    ("c",),
)
VERSIONS = (
    ("1.0",),
    ("2.0.0b0", "2.0.0-beta", "v2.0.0b0"),
    ("2004d",),  # not PEP 440
    ("1.10",),
    ("1.0.0", "01.0.0"),  # equal to 1.0 in PEP 440, and yet another release
    ("1.9+abc.1", "1.9+ABC-1"),
    ("1!0.1",),
)
INDEXES = (
    ("https://pypi.org/simple", "https://pypi.org/simple/", "https://pypi.python.org/simple"),
    ("https://index.example.com/simple", "https://index.example.com/simple//"),
    ("http://localhost:8080",),
)
ABSENT_NAME, ABSENT_VERSION, ABSENT_INDEX = "absent", "99.9", "https://absent.example.com/simple"
EXTRAS = ("s3", "S3", "all_", "Dev.Test", "dev-test")
MARKERS = ("", 'python_version < "3.9"', 'sys_platform == "win32"', 'extra == "s3"')
SPECIFIERS = ("", "*", ">=1.0", "==1.0,!=2.0")
SHA256 = ("a" * 64, "b" * 64, "c" * 64)
DATETIMES = (
    "2021-07-01T00:00:00.000000",
    "2021-07-01T00:00:00",  # the same time
    "2021-07-01T00:00:00.000001",
    "2019-12-31T23:59:59.999999",
)


@dataclass(frozen=True)
class SolverEnvironment:
    """An environment as documents spell it; a solver without a name is a run on somebody's laptop."""

    os_name: str
    os_version: str
    python_version: str
    named: bool = True

    @property
    def solver_name(self) -> str:
        """The name that the ids of its documents begin with."""
        if not self.named:
            return f"laptop-{self.os_name}"
        return f"solver-{self.os_name}-{self.os_version}-py{self.python_version.replace('.', '')}"


ENVIRONMENTS = (
    SolverEnvironment("rhel", "8", "3.8"),
    SolverEnvironment("ubi", "8.3", "3.8"),  # the same
    SolverEnvironment("fedora", "31", "3.10"),
    SolverEnvironment("rhel", "8.5", "3.8", named=False),  # the same again, told by the distribution
    SolverEnvironment("opensuse-leap", "15.2", "3.6"),
)
ABSENT_ENVIRONMENT = SolverEnvironment("debian", "11", "3.1")


@dataclass(frozen=True)
class World:
    """The spellings that the documents of one example choose from."""

    names: tuple[str, ...]
    versions: tuple[str, ...]
    indexes: tuple[str, ...]
    environments: tuple[SolverEnvironment, ...]


def _spellings(things: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(spelling for thing in things for spelling in thing)


# 3 to 6 names, 2 to 5 versions, 1 or 3 indexes, 1 to 3 environments. Worlds are few, and what is drawn in each is
# built once (`cache`): building strategies anew for each example takes longer than drawing from them.
WORLDS = tuple(
    World(_spellings(names), _spellings(versions), _spellings(indexes), environments)
    for environments in (ENVIRONMENTS[:1], ENVIRONMENTS[:2], ENVIRONMENTS[:3], ENVIRONMENTS[3:])
    for indexes in (INDEXES[:1], INDEXES)
    for versions in (VERSIONS[:2], VERSIONS[1:4], VERSIONS[2:7])
    for names in (NAMES[:3], NAMES)
)


# Documents -------------------------------------------------------------------------------------------------------


def solver_documents(*, min_size: int = 1, max_size: int = 6, unique_ids: bool = True) -> SearchStrategy[list[Json]]:
    """Draw solver documents of all generations about one small world.

    Args:
        min_size: the least number of documents.
        max_size: the greatest number of documents.
        unique_ids: without it, ids recur, with the same or with another content: only the first of them is in.

    """
    unique_by = document_id_of if unique_ids else None
    return st.sampled_from(WORLDS).flatmap(
        lambda world: st.lists(_documents(world), min_size=min_size, max_size=max_size, unique_by=unique_by)
    )


def document_id_of(document: Mapping[str, Any]) -> str:
    """Return the id of a document that a strategy made."""
    metadata = document["metadata"]
    return str(metadata.get("document_id") or metadata["hostname"].rpartition("-")[0])


@cache
def _documents(world: World) -> SearchStrategy[Json]:
    # 2018 less often: its package versions have no index, so no answer but a count is made of them.
    return st.sampled_from(("2019", "2021", "2019", "2021", "2018")).flatmap(
        lambda era: st.builds(
            lambda metadata, result: {"metadata": metadata, "result": result},
            _metadata(world, era),
            _results(world, era),
        )
    )


@cache
def _metadata(world: World, era: str) -> SearchStrategy[Json]:
    return st.builds(
        _make_metadata,
        era=st.just(era),
        environment=st.sampled_from(world.environments),
        # With and without a date. Of documents of one time, the id decides which is the latest.
        id_end=st.sampled_from(("-0a", "-0b", "-1a", "-210701000000-0a", "-210701000000-0b", "-200101000000-0a")),
        datetime=st.sampled_from(DATETIMES),
    )


def _make_metadata(era: str, environment: SolverEnvironment, id_end: str, datetime: str) -> Json:
    document_id = environment.solver_name + id_end
    told = environment if not environment.named else ABSENT_ENVIRONMENT  # a name counts more than this
    major, minor = told.python_version.split(".")
    metadata: Json = {
        "analyzer": "thoth-solver",
        "analyzer_version": {"2018": "1.0.2", "2019": "1.2.2", "2021": "1.9.0"}[era],
        "arguments": {"python": {"requirements": "a==1.0", "index": None, "no_transitive": True}},
        "datetime": datetime,
        "distribution": {"id": told.os_name, "version": told.os_version, "codename": "", "like": ""},
        "hostname": f"{document_id}-x7k2p",
        "python": {"major": int(major), "minor": int(minor), "micro": 0, "implementation_name": "cpython"},
    }
    if era == "2019":
        metadata |= {"timestamp": 1625097600}
    elif era == "2021":
        metadata |= {"document_id": document_id, "hostname": "pod-1", "duration": 12, "timestamp": 1625097600}
    return metadata


@cache
def _results(world: World, era: str) -> SearchStrategy[Json]:
    unparsed = st.lists(_unparsed(world), max_size=1)
    return st.builds(
        dict,
        tree=st.lists(_tree_entries(world, era), max_size=4),
        errors=st.lists(_errors(world, era), max_size=2),
        unresolved=st.lists(_unresolved(world, era), max_size=1),
        unparsed=st.none() | unparsed if era == "2018" else unparsed,
        environment=st.builds(dict if era == "2021" else list),
    )


@cache
def _tree_entries(world: World, era: str) -> SearchStrategy[Json]:
    entry: dict[str, SearchStrategy[Any]] = {
        "package_name": st.sampled_from(world.names),
        "version": st.sampled_from(world.versions),
        "sha256": st.sampled_from(((), SHA256[:1], SHA256[1:], SHA256[:1] * 2)).map(list),
        "dependencies": st.lists(_dependencies(world, era), max_size=4),
    }
    if era == "2018":
        return st.builds(_oldest_tree_entry, **entry)
    entry["index_url"] = st.sampled_from((*world.indexes, None))
    if era == "2019":
        return st.builds(lambda *, version, **drawn: {"package_version": version, **drawn}, **entry)
    return st.builds(_newer_tree_entry, installed=st.sampled_from(world.versions), **entry)


def _oldest_tree_entry(*, version: str, sha256: list[str], **drawn: Any) -> Json:
    if not sha256:  # only the very first documents had digests
        return {"package_version": version, **drawn}
    hashes = [{"hash": digest, "url": "https://files.example.com/"} for digest in sha256]
    return {"package_version": version, "hash_type": "sha256", "hashes": {"hashes": hashes}, **drawn}


def _newer_tree_entry(*, version: str, installed: str, **drawn: Any) -> Json:
    undetected = {"full_name": "UNDETECTED", "identifier_spdx": "UNDETECTED"}
    return {
        "package_version": installed,  # may differ from what was asked for, which counts
        "package_version_requested": version,
        "importlib_metadata": {"metadata": {"Metadata-Version": "2.1"}},
        "packages": [],
        "package_license": {"license": undetected, "license_version": "UNDETECTED", "warning": False},
        **drawn,
    }


@cache
def _dependencies(world: World, era: str) -> SearchStrategy[Json]:
    name, specifier = st.sampled_from(world.names), st.sampled_from((None, *SPECIFIERS))
    some = [list(few) for size in range(3) for few in combinations(world.versions, size)]
    found = some + [list(world.versions)] * len(some)  # every other time all of them, so that cycles close
    # A copy of each: documents share nothing.
    versions = st.sampled_from(found).map(list)
    if era == "2018":
        return st.builds(dict, package_name=name, required_version=specifier, resolved_versions=versions)
    resolved_on_index: SearchStrategy[Json] = st.builds(dict, index=st.sampled_from(world.indexes), versions=versions)
    resolved = st.lists(resolved_on_index, max_size=2)
    if era == "2019":
        return st.builds(dict, package_name=name, required_version=specifier, resolved_versions=resolved)
    return st.builds(
        _newer_dependency,
        package_name=name,
        specifier=specifier,
        resolved_versions=resolved,
        extra=st.sampled_from(((), None, ("s3",), (), ("S3",), ("all_", "Dev.Test"), ("s3", "S3", "dev-test"))),
        marker=st.sampled_from((None, *MARKERS)),
        marker_evaluation_result=st.sampled_from((True, None, False)),
    )


def _newer_dependency(*, extra: tuple[str, ...] | None, **drawn: Any) -> Json:
    # `extra`: who asks for the dependency; `extras`: what is asked of it, no matter here.
    asking = None if extra is None else list(extra)
    return {"extra": asking, "extras": [], "marker_evaluated": None, "marker_evaluation_error": None, **drawn}


@cache
def _errors(world: World, era: str) -> SearchStrategy[Json]:
    name, version = st.sampled_from(world.names), st.sampled_from(world.versions)
    index_url, provided = st.sampled_from((*world.indexes, None)), st.sampled_from((True, False, None))
    by_era: dict[str, dict[str, SearchStrategy[Any]]] = {
        "2018": {"version": version},
        "2019": {"version": version, "index": index_url, "is_provided": provided},
        "2021": {"package_version": version, "index_url": index_url, "is_provided_package_version": provided},
    }
    return st.builds(dict, package_name=name, **by_era[era]) | st.builds(dict, package=name, **by_era[era])


@cache
def _unresolved(world: World, era: str) -> SearchStrategy[Json]:
    pins = [f"{operator}{version}" for version in world.versions for operator in ("==", "===", "== ")]
    others = ("==1.*", ">=1.0", "==1.0,!=2.0", "")  # not about one version: these say nothing
    entry = {
        "package_name": st.sampled_from(world.names),
        "version_spec": st.sampled_from(pins) | st.sampled_from(others),
    }
    if era != "2018":
        entry["index" if era == "2019" else "index_url"] = st.sampled_from((*world.indexes, None))
    return st.builds(dict, **entry)


@cache
def _unparsed(world: World) -> SearchStrategy[Json]:
    names, operators = (*world.names, "a doctest plugin", "bad!"), ("==", "===", " == ", "==1.0==")
    pins = [f"{name}{operator}{version}" for name in names for operator in operators for version in world.versions]
    others = ("a==", "a===", "==1.0", "a>=1.0", "a", "")  # without a name or a version: these say nothing
    return st.builds(
        dict,
        requirement=st.sampled_from(pins) | st.sampled_from(others),
    )


# Questions -------------------------------------------------------------------------------------------------------


def environment_questions() -> SearchStrategy[dict[str, str | None]]:
    """Draw ``os_name``, ``os_version`` and ``python_version``, each given or None, for use as keywords."""
    return st.builds(
        lambda asked, os_name, os_version, python_version: {
            "os_name": asked.os_name if os_name else None,
            "os_version": asked.os_version if os_version else None,
            "python_version": asked.python_version if python_version else None,
        },
        st.sampled_from((*ENVIRONMENTS, ABSENT_ENVIRONMENT)),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    )


def solver_name_questions() -> SearchStrategy[str | None]:
    """Draw the name of a solver, one that never ran, or None."""
    named = [environment.solver_name for environment in (*ENVIRONMENTS, ABSENT_ENVIRONMENT) if environment.named]
    return st.sampled_from((None, *named))


def name_questions() -> SearchStrategy[str]:
    """Draw the name of a package in any spelling, or one that is nowhere."""
    return st.sampled_from((*_spellings(NAMES), ABSENT_NAME))


def version_questions() -> SearchStrategy[str]:
    """Draw a version in any spelling, or one that is nowhere."""
    return st.sampled_from((*_spellings(VERSIONS), ABSENT_VERSION))


def index_questions() -> SearchStrategy[str]:
    """Draw the URL of an index in any spelling, or one that is nowhere."""
    return st.sampled_from((*_spellings(INDEXES), ABSENT_INDEX))


def package_questions(documents: Iterable[Json] = ()) -> SearchStrategy[PackageTuple]:
    """Draw package tuples with an index: such as the documents speak of, as they spell them, and any others."""
    any_package = st.tuples(name_questions(), version_questions(), index_questions())
    mentioned = sorted({package for package in mentioned_packages(documents) if package[2] is not None}, key=str)
    return st.one_of(st.sampled_from(mentioned), any_package) if mentioned else any_package


def mentioned_packages(documents: Iterable[Json]) -> list[PackageTuple]:
    """Return the package tuples of the trees, the errors and the resolved versions, as they are spelt."""
    packages: list[PackageTuple] = []
    for document in documents:
        for entry in document["result"]["tree"] + document["result"]["errors"]:
            name = entry.get("package_name") or entry["package"]
            version = entry.get("package_version_requested") or entry.get("package_version") or entry["version"]
            packages.append((name, version, entry.get("index_url") or entry.get("index")))
            for dependency in entry.get("dependencies", ()):
                for resolved in dependency["resolved_versions"]:
                    one_of_2018 = isinstance(resolved, str)
                    index_url = None if one_of_2018 else resolved["index"]
                    for found in [resolved] if one_of_2018 else resolved["versions"]:
                        packages.append((dependency["package_name"], found, index_url))
    return packages


def extras_questions() -> SearchStrategy[frozenset[str | None] | None]:
    """Draw what `get_depends_on` and the closures take as ``extras``."""
    return st.one_of(st.none(), st.frozensets(st.sampled_from((None, *EXTRAS, "absent")), max_size=3))


def marker_questions() -> SearchStrategy[bool | None]:
    """Draw what `get_depends_on` and the closures take as ``marker_evaluation_result``."""
    return st.sampled_from((None, True, False))
