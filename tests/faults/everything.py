"""Documents of every kind that speak of the same packages, images and stacks again and again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from tests import adviser_documents as advice
from tests import factories_images as images
from tests import inspection_documents as inspected
from tests.factories import PYPI, Json, overlapping_documents
from thoth.storages import GraphDatabase
from thoth.storages.sync import KINDS

Documents: TypeAlias = list[tuple[str, Json]]

_NAMES = ("flask", "jinja2", "markupsafe", "numpy", "pandas", "tensorflow", "werkzeug", "click")
_VERSIONS = ("1.0", "1.1", "2.0")
_SYMBOLS = ("GLIBC_2.17", "GLIBC_2.28", "CXXABI_1.3")


def documents_of_every_kind(samples: Sequence[Json], count: int, seed: int) -> Documents:
    """Return so many documents with their kinds, about as many of each kind, the same for a seed."""
    each = -(-count // len(KINDS))
    at_random = random.Random(seed)
    found: Documents = [("solver", document) for document in overlapping_documents(samples, each, packages=4)]
    for number in range(each):
        found += [(kind, make(at_random, number)) for kind, make in _MAKERS.items()]
    at_random.shuffle(found)
    return found[:count]


def write(graph: GraphDatabase, documents: Iterable[tuple[str, Json]], *, force: bool = False) -> None:
    """Put documents into the graph, one by one."""
    for kind, document in documents:
        getattr(graph, f"sync_{kind}_result")(document, force=force)


def missing(graph: GraphDatabase, documents: Documents) -> dict[str, set[str]]:
    """Return, by kind, the identifiers of the documents that are not in the graph."""
    ids: dict[str, set[str]] = {}
    for kind, document in documents:
        ids.setdefault(kind, set()).add(str(KINDS[kind].read(document).document_id))
    absent = {kind: wanted - getattr(graph, f"{kind}_document_ids_in")(sorted(wanted)) for kind, wanted in ids.items()}
    return {kind: left for kind, left in absent.items() if left}


def _stack(at_random: random.Random) -> Json:
    names = at_random.sample(_NAMES, 3)
    return {
        "requirements": advice.pipfile(dict.fromkeys(names, "*")),
        "requirements_locked": advice.lock({name: at_random.choice(_VERSIONS) for name in names}),
    }


def _adviser(at_random: random.Random, number: int) -> Json:
    return advice.adviser_document(
        f"adviser-211215093012-{number:016x}",
        of_user=advice.project(**_stack(at_random), runtime_environment=advice.UBI),
        products=[advice.product(score, **_stack(at_random)) for score in (1.0, 0.5)],
    )


def _provenance(at_random: random.Random, number: int) -> Json:
    document = advice.provenance_document(
        f"provenance-checker-211215092507-{number:016x}",
        of_user=advice.project(**_stack(at_random)),
        report=[advice.finding(name, at_random.choice(_VERSIONS)) for name in at_random.sample(_NAMES, 2)],
    )
    document["metadata"]["arguments"] = {"provenance": {}, "thoth-adviser": {"verbose": False, "metadata": None}}
    return document


def _analysis(at_random: random.Random, number: int) -> Json:
    names = at_random.sample(_NAMES, 4)
    return images.analysis(
        f"package-extract-210701000000-{number:016x}",
        f"quay.io/example/image-{number % 5}:v1",
        rpm_dependencies=[images.rpm(name, at_random.choice(_VERSIONS), "libc.so.6()(64bit)") for name in names],
        deb_dependencies=[images.deb(names[0])],
        python_packages=[images.installed(name, at_random.choice(_VERSIONS)) for name in names],
        python_files=[
            {"filepath": f"/usr/lib/{name}.py", "sha256": images.digest((name, number % 3))} for name in names
        ],
        system_symbols={"/lib64/libc.so.6": at_random.sample(_SYMBOLS, 2)},
    )


def _package_analysis(at_random: random.Random, number: int) -> Json:
    name, version = at_random.choice(_NAMES), at_random.choice(_VERSIONS)
    files = [images.artifact(f"{name}-{version}-{part}.whl", files=[f"/{name}.py", "/a.py"]) for part in range(2)]
    return images.package_analysis(
        name, version, *files, index_url=PYPI, document_id=f"package-analyzer-210701000000-{number:016x}"
    )


def _dependency_monkey(at_random: random.Random, number: int) -> Json:
    answers = [f"inspection-test-{at_random.randrange(40):08x}" for _ in range(3)]
    return inspected.report(*answers, document_id=f"dependency-monkey-200907104341-{number:016x}")


def _inspection(at_random: random.Random, number: int) -> Json:
    names = [f"{name}=={at_random.choice(_VERSIONS)}" for name in at_random.sample(_NAMES, 3)]
    python = {"requirements": inspected.pipfile("flask"), "requirements_locked": inspected.lock(*names)}
    logs = [inspected.job_log(made) for made in (inspected.matmul(), inspected.conv1d(), inspected.pybench())]
    return inspected.batch(*logs, document_id=f"inspection-test-{number:08x}", python=python)


_MAKERS: dict[str, Callable[[random.Random, int], Any]] = {
    "adviser": _adviser,
    "provenance_checker": _provenance,
    "analysis": _analysis,
    "package_analysis": _package_analysis,
    "dependency_monkey": _dependency_monkey,
    "inspection": _inspection,
}
assert {*_MAKERS, "solver"} == set(KINDS)
