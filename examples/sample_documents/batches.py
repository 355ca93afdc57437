"""Which releases were solved where and when, and the special cases that a reader of solver documents must know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import environments as at
from .environments import Solver, utc
from .package_metadata import INDEX_URL, Release
from .runs import Entry, Failure, Index, Run, Unresolved, dependencies, draw, installs, solve

PYTORCH_INDEX_URL = "https://download.pytorch.org/whl/cpu"
# Packages that this index carries beside PyTorch.
ON_PYTORCH_INDEX = {
    "certifi",
    "charset-normalizer",
    "idna",
    "jinja2",
    "markupsafe",
    "numpy",
    "packaging",
    "requests",
    "typing-extensions",
    "urllib3",
}
# Never solved on RHEL 8 as of 2021 and 2022, though others there depend on them.
LEFT_UNSOLVED = {"colorama", "pyparsing", "send2trash", "webencodings"}

_UNPARSED = (
    "Invalid requirement: 'ipython doctest plugin{pin}0.1'\nTraceback (most recent call last):\n"
    "pip._vendor.packaging.requirements.InvalidRequirement: Invalid requirement, parse error at \"'doctest '\"\n"
)


@dataclass(frozen=True)
class Batch:
    """A day on which a solver was given releases, one a run."""

    solver: Solver
    started: datetime
    selects: Callable[[Release], bool]
    index_url: str = INDEX_URL

    def runs(self, releases: Sequence[Release]) -> Iterator[Run]:
        """Run the solver on every release selected, one after the other."""
        day = self.started.date()
        chosen = [release for release in releases if self.selects(release)]
        # An index of somebody's own holds the releases that were put there, not all there are.
        index = Index(self.index_url, releases if self.index_url == INDEX_URL else chosen, day)
        started = self.started
        for release in chosen:
            yield solve(release, self.solver, started, [index])
            started += timedelta(seconds=20 + draw("pause", self.solver.name, release.name, release.version) % 60)


def _named(release: Release, names: Iterable[str]) -> bool:
    """Tell whether the release is of one of the packages."""
    return canonicalize_name(release.name) in names


def _on(*days: str) -> Callable[[Release], bool]:
    """Select the releases that pip chose on one of the days."""
    return lambda release: not set(days).isdisjoint(release.chosen)


def _needed_by(releases: Iterable[Release], *names: str) -> set[str]:
    """Return the names of packages and of all that any of their releases need, extras left out."""
    needs: dict[str, set[str]] = {}
    for release in releases:
        plain = [text for text in release.requires_dist if not re.search(r"\bextra\s*==", text)]
        needs.setdefault(canonicalize_name(release.name), set()).update(
            canonicalize_name(Requirement(text).name) for text in plain
        )
    found: set[str] = set(names)
    todo = list(names)
    while todo:
        new = needs.get(todo.pop(), set()) - found
        found |= new
        todo += sorted(new)
    return found


def batches(releases: Sequence[Release]) -> list[Batch]:
    """Return the batches, oldest first."""
    web = _needed_by(releases, "boto3", "flask", "requests")
    sphinx = _needed_by(releases, "sphinx")
    science = {"brotli", "cffi", "jupyterlab", "numpy", "pandas", "pyzmq"}
    of_2021 = _on("2020-11-15", "2021-06-30")
    by_ubi = _on("2021-12-15")

    def of_2022(release: Release) -> bool:
        known_by_then = _on("2021-12-15", "2022-05-15", "2022-10-15")(release) or (
            _named(release, web) and release.chosen[0] < "2022-10-15"
        )
        solved_by_ubi = by_ubi(release) and _named(release, science)
        return known_by_then and not solved_by_ubi and not _named(release, LEFT_UNSOLVED)

    def of_2023(release: Release) -> bool:
        return release.chosen == ["2023-08-10"] and (_named(release, sphinx) or not installs(release, at.RHEL_8))

    return [
        Batch(at.FEDORA_30, utc("2019-09-18T08:00:00"), _on("2019-09-10")),
        Batch(at.FEDORA_31, utc("2020-05-04T06:12:00"), _on("2020-04-20")),
        Batch(at.RHEL_8_OF_2021, utc("2021-07-01T00:00:10"), of_2021),
        Batch(at.UBI_8, utc("2022-01-10T14:30:00"), lambda r: by_ubi(r) and _named(r, science)),
        Batch(at.RHEL_8, utc("2022-11-07T09:00:00"), of_2022),
        Batch(
            at.RHEL_8,
            utc("2022-11-20T17:00:00"),
            lambda r: _on("2021-12-15", "2022-10-15")(r) and _named(r, ON_PYTORCH_INDEX),
            PYTORCH_INDEX_URL,
        ),
        Batch(at.FEDORA_35, utc("2023-01-09T10:00:00"), lambda r: _on("2022-12-20")(r) and _named(r, web)),
        Batch(at.RHEL_8, utc("2023-08-20T07:00:00"), of_2023),
        Batch(at.RHEL_9, utc("2023-08-21T07:00:00"), _on("2023-08-10")),
    ]


def special_runs(releases: Sequence[Release]) -> list[Run]:
    """Return runs for what real solvers met, too, but not on these releases: made for the examples."""
    by_key: dict[tuple[str, str], Release] = {
        (canonicalize_name(release.name), release.version): release for release in releases
    }
    return [*_on_laptop(releases), *_of_2019(releases), *_without_result(), *_failed(), *_spelt(by_key, releases)]


def _stack(releases: Sequence[Release], solver: Solver, started: datetime, day: str, requirement: str) -> Run:
    """Return a run that solved a requirement with all its dependencies, as solvers did at first."""
    names = _needed_by(releases, canonicalize_name(re.split("[=]", requirement)[0]))
    index = Index(INDEX_URL, releases, started.date())
    entries = [
        Entry(release, INDEX_URL, dependencies(release, solver, [index]))
        for release in releases
        if day in release.chosen and canonicalize_name(release.name) in names
    ]
    return Run(solver, started, [requirement], entries, transitive=True)


def _on_laptop(releases: Sequence[Release]) -> list[Run]:
    """A developer's own runs: the host's name says nothing of the environment."""
    return [
        _stack(releases, at.LAPTOP, utc("2018-11-28T18:30:05"), "2018-11-15", "flask==1.0.2"),
        _stack(releases, at.LAPTOP, utc("2018-11-28T19:02:41"), "2018-11-15", "requests==2.20.1"),
    ]


def _of_2019(releases: Sequence[Release]) -> list[Run]:
    """One document of a whole stack, and what came to nothing, in the form of 2019."""
    solver, pin = at.FEDORA_30, "=="
    sphinx = next(r for r in releases if canonicalize_name(r.name) == "sphinx" and "2019-09-10" in r.chosen)
    stack = _stack(releases, solver, utc("2019-09-19T07:00:00"), "2019-09-10", f"{sphinx.name}=={sphinx.version}")
    killed = Failure("tensorflow", "1.14.0", INDEX_URL, reason="killed after 60 seconds", return_code=-9)
    missing = Failure("thoth-solver", "99.0.0", INDEX_URL, reason="No matching distribution found", is_provided=False)
    not_found = Failure("ruamel.yaml", "0.15.35", INDEX_URL, kind="not_site_package")
    return [
        stack,
        Run(solver, utc("2019-09-19T08:00:00"), ["tensorflow==1.14.0"], errors=[killed]),
        Run(solver, utc("2019-09-19T08:10:00"), ["ruamel.yaml==0.15.35"], errors=[not_found]),
        Run(solver, utc("2019-09-19T08:20:00"), ["thoth-solver==99.0.0"], errors=[missing]),
        Run(
            solver,
            utc("2019-09-19T08:30:00"),
            ["pytest==39.1.0", "numpy>=99", "ipython doctest plugin==0.1"],
            unresolved=[Unresolved("pytest", "==39.1.0"), Unresolved("numpy", ">=99")],
            unparsed=[("ipython doctest plugin==0.1", _UNPARSED.format(pin=pin))],
        ),
    ]


def _without_result() -> list[Run]:
    """What the index does not have and what is not a requirement, in the newer form."""
    solver = at.RHEL_8
    details = _UNPARSED.format(pin="===")
    return [
        Run(
            solver,
            utc("2022-11-08T08:00:00"),
            ["jupyterlab===3.99.0"],
            unresolved=[Unresolved("jupyterlab", "===3.99.0")],
        ),
        Run(solver, utc("2022-11-08T08:01:00"), ["pandas>=99"], unresolved=[Unresolved("pandas", ">=99")]),
        Run(
            solver,
            utc("2022-11-08T08:02:00"),
            ["thoth-station-internal===0.3.0"],
            unresolved=[Unresolved("thoth-station-internal", "===0.3.0", is_provided_package=False)],
        ),
        Run(
            solver,
            utc("2022-11-08T08:03:00"),
            ["ipython doctest plugin===0.1", "-e ."],
            unparsed=[("ipython doctest plugin===0.1", details), ("-e .", "Invalid requirement: '-e .'")],
        ),
    ]


def _failed() -> list[Run]:
    """Errors in the newer form; a document a day younger says that pandas could be solved."""
    return [
        Run(
            at.RHEL_8_OF_2021,
            utc("2021-06-30T05:00:00"),
            ["pandas===1.2.5"],
            errors=[Failure("pandas", "1.2.5", INDEX_URL, reason="Killed", return_code=137)],
        ),
        Run(
            at.FEDORA_31,
            utc("2020-05-06T05:00:00"),
            ["ruamel.yaml===0.15.35"],
            errors=[Failure("ruamel.yaml", "0.15.35", INDEX_URL, kind="not_site_package")],
        ),
        Run(
            at.RHEL_8,
            utc("2022-11-08T09:00:00"),
            ["pandas===1.99.0"],
            errors=[Failure("pandas", "1.99.0", INDEX_URL, reason="No matching distribution found", is_provided=False)],
        ),
    ]


def _spelt(by_key: dict[tuple[str, str], Release], releases: Sequence[Release]) -> list[Run]:
    """A version and names that are not written as PEP 440 and PEP 503 say; a run on two indexes."""
    started = utc("2022-11-09T10:00:00")
    pypi = Index(INDEX_URL, releases, started.date())
    on_pytorch = [r for r in releases if _on("2021-12-15", "2022-10-15")(r) and _named(r, ON_PYTORCH_INDEX)]
    pytorch = Index(PYTORCH_INDEX_URL, on_pytorch, started.date())
    padded = solve(by_key["certifi", "2021.10.8"], at.RHEL_8, started, [pypi], requested="2021.10.08")
    dateutil = by_key["python-dateutil", "2.8.2"]
    spelt = replace(dateutil, name="python_dateutil")
    jinja2 = by_key["jinja2", "3.1.2"]
    return [
        padded,
        solve(spelt, at.RHEL_8, utc("2022-11-09T10:05:00"), [pypi]),
        solve(jinja2, at.RHEL_8, utc("2022-11-09T10:10:00"), [pypi, pytorch]),
    ]
