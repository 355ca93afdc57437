"""Image analyses and package analyses made to measure, in the form of each time, and many of them at random."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from tests.conftest import EXAMPLES
from tests.factories import PYPI, Json

UBI8 = "quay.io/thoth-station/s2i-thoth-ubi8-py38:v1.0.0"
OTHER_INDEX = "https://index.example.com/simple"


def digest(text: object) -> str:
    """Return a SHA-256 digest, the same for the same text."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def examples(folder: str) -> list[Json]:
    """Return the documents of a folder of ``examples``."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted((EXAMPLES / folder).glob("*.json"))]


def analysis(
    document_id: str = "package-extract-210701000000-0a",
    image: str = UBI8,
    *,
    datetime: str = "2021-07-01T00:00:00.000000",
    verbose: bool = False,
    of_caller: Json | None = None,
    **result: Any,
) -> Json:
    """Return an image analysis; further keywords are fields of its result, with ``_`` for ``-``."""
    caller = {"environment_type": "runtime", "is_external": False, "origin": None} if of_caller is None else of_caller
    return {
        "metadata": {
            "analyzer": "thoth-package-extract",
            "analyzer_version": "1.3.0",
            "arguments": {
                "extract-image": {"image": image, "timeout": None},
                "thoth-package-extract": {"metadata": caller, "verbose": verbose},
            },
            "datetime": datetime,
            "document_id": document_id,
            "duration": 62,
        },
        "result": {
            "operating-system": {"id": "rhel", "name": "Red Hat Enterprise Linux", "version_id": "8.5"},
            "layers": [digest("base"), digest(document_id)],
            "rpm-dependencies": [],
            "deb-dependencies": [],
            "python-files": [],
            "system-symbols": {},
            "python-packages": [],
            "python-interpreters": [],
            "cuda-version": {},
            **{name if name == "image_size" else name.replace("_", "-"): value for name, value in result.items()},
        },
    }


def rpm(name: str, version: str = "1.0", *dependencies: str, **fields: Any) -> Json:
    """Return an entry of ``rpm-dependencies``."""
    return {
        "name": name,
        "version": version,
        "release": "1.el8",
        "epoch": None,
        "arch": "x86_64",
        "src": False,
        "package_identifier": f"{name}-{version}-1.el8.x86_64",
        "dependencies": list(dependencies),
        **fields,
    }


def deb(name: str, version: str = "1.0-1", **relations: list[tuple[str, str]]) -> Json:
    """Return an entry of ``deb-dependencies``; relations are names and ranges."""
    empty: Json = {"depends": [], "pre-depends": [], "replaces": []}
    given = {
        relation.replace("_", "-"): [{"name": other, "version": range_} for other, range_ in packages]
        for relation, packages in relations.items()
    }
    return {"name": name, "version": version, "arch": "amd64", **empty, **given}


def installed(name: str, version: str = "1.0", location: str | None = "/usr/lib/python3.8/site-packages") -> Json:
    """Return an entry of ``python-packages``."""
    return {"package_name": name, "package_version": version, "location": location}


def of_mercator(name: Any, version: Any = "1.0", ecosystem: str = "Python-Dist") -> Json:
    """Return an entry of ``mercator``."""
    path = f"/usr/lib/python3.8/site-packages/{name}-{version}.dist-info/METADATA"
    return {"ecosystem": ecosystem, "path": path, "result": {"name": name, "version": version}}


def package_analysis(
    package_name: str = "numpy",
    package_version: str = "1.0",
    *artifacts: Json,
    index_url: str | None = PYPI,
    document_id: str = "package-analyzer-210701000000-0a",
    datetime: str = "2021-07-01T00:00:00.000000",
    **result: Any,
) -> Json:
    """Return a package analysis; further keywords are fields of its result."""
    package = {"package_name": package_name, "package_version": package_version, "index_url": index_url}
    return {
        "metadata": {
            "analyzer": "thoth-package-analyzer",
            "analyzer_version": "0.1.2",
            "arguments": {"python": {**package, "dry_run": False}, "thoth-package-analyzer": {"verbose": False}},
            "datetime": datetime,
            "document_id": document_id,
            "duration": 21,
        },
        "result": {**package, "artifacts": list(artifacts), "error": False, "error_message": "", **result},
    }


def artifact(name: str | None, *, files: Iterable[str] = (), symbols: Json | None = None, **fields: Any) -> Json:
    """Return an entry of ``artifacts``, of a content that its name tells."""
    digests = [{"filepath": path, "sha256": digest(path.rpartition("/")[2])} for path in files]
    return {"name": name, "sha256": digest(name), "digests": digests, "symbols": symbols or {}, **fields}


def of_july_2019(document: Json) -> Json:
    """Return a package analysis in the form of July 2019: files by the index that has them."""
    result = document["result"]
    index_url = result["index_url"]
    files = [{key: value for key, value in file.items() if key != "symbols"} for file in result["artifacts"]]
    package = {key: result[key] for key in ("package_name", "package_version", "index_url")}
    return {**document, "result": {index_url: {**package, "files": files}}}


def large_analysis(
    document_id: str, *, rpms: int, requirements: int, libraries: int, symbols: int, files: int, packages: int
) -> Json:
    """Return an analysis of an image that holds so much, like no other."""
    folder = "/usr/lib/python3.8/site-packages"
    return analysis(
        document_id,
        f"quay.io/example/{document_id}-py38",
        rpm_dependencies=[
            rpm(f"package-{n}", document_id[-8:], *(f"lib{n}-{m}.so.6()(64bit)" for m in range(requirements)))
            for n in range(rpms)
        ],
        system_symbols={
            f"/lib64/{document_id}-{n}.so": [f"SYMBOL_{n}.{m}" for m in range(symbols)] for n in range(libraries)
        },
        python_files=[
            {"filepath": f"{folder}/package_{n % 400}/module_{n}.py", "sha256": digest(f"{document_id} {n}")}
            for n in range(files)
        ],
        python_packages=[installed(f"package-{n}", f"1.{n}") for n in range(packages)],
    )


_IMAGES = st.sampled_from(["a-py38:v1", "a-py38:v2", "registry.example.com:5000/b", "c"])
_NAMES = st.sampled_from(["flask", "Foo_Bar", "numpy"])
_VERSIONS = st.sampled_from(["1.0", "1.0.0-beta", "2"])
_TIMES = st.sampled_from(["2021-07-01T00:00:00", "2021-07-02T00:00:00", "2021-07-02T01:00:00+01:00"])
_SYMBOLS = st.dictionaries(
    st.sampled_from(["/lib64/libc.so.6", "libc.so.6", "libm.so.6"]),
    st.none() | st.lists(st.sampled_from(["GLIBC_2.17", "GLIBC_2.28", "CXXABI_1.3"]), max_size=3),
    max_size=3,
)
_FILES = st.lists(st.sampled_from(["/a.py", "/b/a.py", "/c/d.py", "/é.py"]), unique=True, max_size=4)
_REQUIREMENTS = st.lists(st.sampled_from(["libc.so.6", "/bin/sh"]), max_size=3)


@st.composite
def _rpms(draw: st.DrawFn) -> Json:
    found = draw(
        st.lists(st.tuples(st.sampled_from(["acl", "glibc-common"]), _VERSIONS.filter(lambda v: "-" not in v)))
    )
    if draw(st.booleans()):
        return {"rpm-dependencies": {f"{n}-1:{v}-1.el8.x86_64": draw(st.none() | _REQUIREMENTS) for n, v in found}}
    return {"rpm-dependencies": [rpm(n, v, *draw(_REQUIREMENTS)) for n, v in found]}


@st.composite
def _packages(draw: st.DrawFn) -> Json:
    found = draw(st.lists(st.tuples(_NAMES, _VERSIONS), max_size=4))
    forms: list[Json] = [
        {"mercator": [of_mercator(*release) for release in found]},
        {"python-packages": [installed(*release, location=draw(st.sampled_from(["/a", "/b"]))) for release in found]},
        {"mercator": None, "python-packages": [installed(*release, location=None) for release in found]},
        {"mercator": [of_mercator(*release, ecosystem="Python-RequirementsTXT") for release in found]},
    ]
    return draw(st.sampled_from(forms))


@st.composite
def _analysis(draw: st.DrawFn, number: int) -> Json:
    document = analysis(
        f"package-extract-{number}",
        draw(_IMAGES),
        datetime=draw(_TIMES),
        system_symbols=draw(_SYMBOLS),
        layers=draw(st.none() | st.just([]) | st.lists(st.sampled_from([digest(1), f"sha256:{digest(2)}"]))),
        python_files=[{"filepath": path, "sha256": digest(path[-4:])} for path in draw(_FILES)],
        deb_dependencies=draw(
            st.lists(st.builds(deb, st.sampled_from(["libc6", "tar"]), depends=st.just([("a", ""), ("b", ">= 1")])))
        ),
        python_interpreters=[
            {"path": f"/usr/bin/python{version}", "link": None, "version": f"Python {version}.1"}
            for version in draw(st.lists(st.sampled_from(["3.6", "3.8"]), unique=True))
        ],
    )
    document["result"] |= {**draw(_rpms()), **draw(_packages())}
    of_caller = draw(
        st.none()
        | st.fixed_dictionaries(
            {}, optional={"environment_type": st.sampled_from(["runtime", "buildtime"]), "is_external": st.booleans()}
        )
    )
    document["metadata"]["arguments"]["thoth-package-extract"]["metadata"] = of_caller
    return document


@st.composite
def analyses(draw: st.DrawFn, *, max_size: int = 6) -> list[Json]:
    """Return image analyses, each of its own id."""
    return [draw(_analysis(number)) for number in range(draw(st.integers(0, max_size)))]


@st.composite
def _package_analysis(draw: st.DrawFn, number: int) -> Json:
    names = draw(st.lists(st.sampled_from(["a-1.0.whl", "b-1.0.whl", "a-1.0.tar.gz"]), max_size=3))
    document = package_analysis(
        draw(_NAMES),
        draw(_VERSIONS),
        *(artifact(name, files=draw(_FILES), symbols=draw(_SYMBOLS)) for name in names),
        index_url=draw(st.sampled_from([PYPI, f"{PYPI}/", OTHER_INDEX])),
        document_id=f"package-analyzer-{number}",
        datetime=draw(_TIMES),
        error=draw(st.sampled_from([False, False, None, True])),
    )
    return of_july_2019(document) if draw(st.integers(0, 3)) == 0 else document


@st.composite
def package_analyses(draw: st.DrawFn, *, max_size: int = 6) -> list[Json]:
    """Return package analyses, each of its own id."""
    return [draw(_package_analysis(number)) for number in range(draw(st.integers(0, max_size)))]
