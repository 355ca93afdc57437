"""Solver documents drawn from a seed: 2,000 of a real neighbourhood of packages, and as many more as are wanted."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from packaging.utils import canonicalize_name

from examples.sample_documents.environments import RHEL_8, utc
from examples.sample_documents.forms import document
from examples.sample_documents.package_metadata import INDEX_URL, Release
from examples.sample_documents.runs import Dependency, Entry, Failure, Run, Unresolved

from .catalogue import FIRST, Catalogue, Package

Json: TypeAlias = dict[str, Any]

VERSION = 1
"""Of what is made: raise it when a seed gives other documents, so that nothing made before is used any more."""
DOCUMENTS = 2000
"""At scale 1."""
SOLVER = RHEL_8.name
ENVIRONMENT: Json = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}
INDEX = INDEX_URL
ROOT = "jupyterlab"
ROOTS = FIRST
"""Ten packages whose closures overlap."""
HUB = "typing-extensions"

_FAILED, _UNRESOLVED = 0.018, 0.0035
_STARTED = utc("2022-11-07T09:00:00")
_WORDS = ("a", "package", "that", "does", "what", "its", "name", "says", "and", "is", "used", "by", "many", "others")


@dataclass(frozen=True)
class Corpus:
    """Documents of one environment, one package version each, in random order."""

    documents: int = DOCUMENTS
    seed: int = 0

    @cached_property
    def catalogue(self) -> Catalogue:
        """The packages that they are about."""
        return Catalogue(self.documents, self.seed)

    @property
    def name(self) -> str:
        """What tells it from others, as a part of names of files and databases."""
        return f"v{VERSION}_{self.documents}_{self.seed}"

    def __iter__(self) -> Iterator[Json]:
        """Yield the documents."""
        pairs = [
            (package, version) for package in self.catalogue.packages.values() for version in package.solved_versions()
        ]
        self.catalogue.draw("order").shuffle(pairs)
        text = _description(self.catalogue.draw("description"))
        for number, (package, version) in enumerate(pairs):
            yield self._document(number, package, version, text)

    def newest(self, name: str) -> tuple[str, str, str]:
        """Return the newest version of a package that is solved, as a package tuple."""
        package = self.catalogue.packages[canonicalize_name(name)]
        for version in reversed(package.versions):
            if self._fate(package, version) is None:
                return canonicalize_name(package.name), version, INDEX
        raise LookupError(f"no version of {name} is solved")

    def newest_of(self, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
        """Return the newest versions of those of some packages that are there."""
        return [self.newest(name) for name in names if name in self.catalogue.packages]

    def write(self, path: Path) -> Path:
        """Write the documents into a packed file, one a line, unless it is there; return the file."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{path.name}.tmp")
            with gzip.open(temporary, "wt", compresslevel=1, encoding="utf-8") as file:
                for made in self:
                    file.write(json.dumps(made, separators=(",", ":")) + "\n")
            temporary.rename(path)
        return path

    def _fate(self, package: Package, version: str) -> str | None:
        """Draw whether solving a version fails."""
        if canonicalize_name(package.name) in ROOTS:
            return None
        number = self.catalogue.draw("fate", package.name, version).random()
        if number < _FAILED:
            return "failed"
        return "unresolved" if number < _FAILED + _UNRESOLVED else None

    def _document(self, number: int, package: Package, version: str, text: str) -> Json:
        """Return the document about a version."""
        run = Run(RHEL_8, _STARTED + timedelta(minutes=number), [f"{package.name}==={version}"])
        fate = self._fate(package, version)
        if fate == "failed":
            return document(replace(run, errors=[Failure(package.name, version, INDEX, reason="Killed")]))
        if fate == "unresolved":
            return document(replace(run, unresolved=[Unresolved(package.name, f"==={version}", INDEX)]))
        draw = self.catalogue.draw("document", package.name, version)
        release = self._release(package, version, draw)
        made = document(replace(run, tree=[Entry(release, INDEX, self._dependencies(package, version))]))
        start = draw.randrange(len(text) // 2)
        core: Json = made["result"]["tree"][0]["importlib_metadata"]["metadata"]
        core["Description"] = text[start : start + min(len(text) // 2, int(draw.lognormvariate(8, 1)))]
        return made

    def _release(self, package: Package, version: str, draw: random.Random) -> Release:
        """Return a version as a release with metadata, its files' digests drawn."""
        like = package.release_before(version) or package.pattern
        assert like is not None
        if version in package.releases:
            return like
        digests = [f"{draw.getrandbits(256):064x}" for _ in range(draw.choice((1, 2, 2, 3)))]
        return replace(like, name=package.name, version=version, sha256=digests)

    def _dependencies(self, package: Package, version: str) -> list[Dependency]:
        return [
            Dependency(
                name=need.name,
                specifier=need.specifier or None,
                extras=[],
                resolved=[(INDEX, self.catalogue.admitted(need.name, need.specifier or ""))],
                **need.marker,
            )
            for need in self.catalogue.needs_of(package, version)
        ]


def edges_of(made: Json) -> int:
    """Return how many versions the requirements of a document admit, as far as their markers held."""
    return sum(
        len(versions["versions"])
        for entry in made["result"]["tree"]
        for dependency in entry["dependencies"]
        if dependency["marker_evaluation_result"] is not False
        for versions in dependency["resolved_versions"]
    )


def merged(documents: list[Json], packages: int, edges: int, identifier: str) -> Json:
    """Return one document about many package versions, as solvers wrote them when they solved whole stacks.

    Args:
        documents: what it is made of.
        packages: how many package versions it has.
        edges: how many edges it has, about.
        identifier: of the document.

    """
    solved = sorted((made for made in documents if made["result"]["tree"]), key=edges_of)
    sizes = [edges_of(made) for made in solved]
    starts = range(max(1, len(solved) - packages + 1))
    start = min(starts, key=lambda first: abs(sum(sizes[first : first + packages]) - edges))
    chosen = solved[start : start + packages]
    result = {**chosen[0]["result"], "tree": [entry for made in chosen for entry in made["result"]["tree"]]}
    return {"metadata": {**chosen[0]["metadata"], "document_id": identifier}, "result": result}


def _description(draw: random.Random) -> str:
    """Return a text as long as the longest descriptions, twice."""
    return " ".join(draw.choice(_WORDS) for _ in range(12_000))
