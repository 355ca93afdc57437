"""What the questions have in common: how packages are named, and options that belong to several of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from ...identifiers import Environment
    from .answers import Answer

T = TypeVar("T", bound=Callable[..., Any])

# PEP 508 says what a name is, PEP 440 what a version may consist of.
_PACKAGE = re.compile(
    r"\s*(?P<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:===?\s*(?P<version>[a-z0-9][a-z0-9!+._-]*)\s*)?",
    re.IGNORECASE,
)


class Package(NamedTuple):
    """A package that is asked about: name and version, normalised."""

    name: str
    version: str | None

    def __str__(self) -> str:
        """Return it as it can be given again."""
        return self.name if self.version is None else f"{self.name}=={self.version}"


def package_argument(name: str, *, needs_version: bool, several: bool = False) -> Callable[[T], T]:
    """Return an argument of a command that is a package.

    Args:
        name: name of the argument.
        needs_version: whether a version has to be given.
        several: whether one or more packages can be given.

    """

    def parse(_: click.Context, __: click.Parameter, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(parse_package(each, needs_version=needs_version) for each in value)
        return None if value is None else parse_package(value, needs_version=needs_version)

    metavar = "PACKAGE..." if several else None
    return click.argument(name, callback=parse, nargs=-1 if several else 1, required=True, metavar=metavar)


def parse_package(text: str, *, needs_version: bool) -> Package:
    """Return the package that a text names.

    Raises:
        ValueError: it names none, or has no version.

    """
    from ...normalize import normalize_python_package_name, normalize_python_package_version

    match = _PACKAGE.fullmatch(text)
    if match is None:
        hint = " (extras are given by --extra)" if "[" in text else ""
        raise ValueError(f"{text!r} is no package: give NAME or NAME==VERSION, for example flask==1.0.2{hint}")
    if match["version"] is None and needs_version:
        raise ValueError(
            f"{text!r} has no version: give NAME==VERSION; "
            f"`thoth-storages query versions {match['name']}` prints those that there are"
        )
    version = match["version"] and normalize_python_package_version(match["version"])
    return Package(normalize_python_package_name(match["name"]), version)


@dataclass(frozen=True)
class Question:
    """What is asked, but for the packages."""

    environment: Environment
    index_url: str | None = None
    extras: frozenset[str | None] | None = None
    marker_evaluation_result: bool | None = None

    def env(self) -> dict[str, Any]:
        """Return the environment as keywords."""
        names = ("os_name", "os_version", "python_version")
        return {name: getattr(self.environment, name) for name in names}

    def requirements(self) -> dict[str, Any]:
        """Return environment, extras and marker as keywords."""
        return {**self.env(), "extras": self.extras, "marker_evaluation_result": self.marker_evaluation_result}


def asks(
    *, environment: bool = True, index: bool = False, requirements: bool = False
) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Turn a function that answers a question into the callback of a command, which prints the answer.

    Args:
        environment: whether the question may be about an environment.
        index: whether it may be about an index.
        requirements: whether extras and markers may be chosen.

    Returns:
        A decorator; the function gets a `Source` and a `Question`, and the other arguments of the command.

    """
    options: list[Callable[[Any], Any]] = [_CACHE]
    options += _ENVIRONMENT if environment else []
    options += [_INDEX] if index else []
    options += _REQUIREMENTS if requirements else []
    options += _OUTPUT

    def decorate(answer: Callable[..., Answer]) -> Callable[..., None]:
        @functools.wraps(answer)
        def callback(*, cache: Path | None, as_json: bool, as_csv: bool, **arguments: Any) -> None:
            from .output import waiting, write
            from .sources import opened

            if as_json and as_csv:
                raise ValueError("--json and --csv: give one of them")
            question = _question(arguments)
            with opened(cache) as source:
                with waiting(source):
                    found = answer(source, question, **arguments)
                place = source.place
            packages = _packages(arguments)
            write(found, click.get_current_context().info_name or "", place, packages, question, as_json, as_csv)

        for option in reversed(options):
            callback = option(callback)
        return callback

    return decorate


def _question(arguments: dict[str, Any]) -> Question:
    """Take the options of a question out of the arguments of a command."""
    from ...identifiers import Environment
    from ...normalize import normalize_extra, normalize_python_index_url

    environment = Environment(*(arguments.pop(name, None) for name in ("os_name", "os_version", "python_version")))
    index_url = arguments.pop("index_url", None)
    extras = arguments.pop("extras", ())
    return Question(
        environment,
        None if index_url is None else normalize_python_index_url(index_url),
        frozenset([None, *map(normalize_extra, extras)]) if extras else None,
        arguments.pop("marker_evaluation_result", None),
    )


def _packages(arguments: dict[str, Any]) -> list[str]:
    packages: list[str] = []
    for value in arguments.values():
        if isinstance(value, Package):
            packages.append(str(value))
        elif isinstance(value, tuple):
            packages += [str(each) for each in value if isinstance(each, Package)]
    return packages


_CACHE = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ask this graph cache file alone, as of the time when it was made, and no database.",
)
_ENVIRONMENT = [
    click.option("--os-name", metavar="NAME", help="Name of the operating system [default: any]."),
    click.option("--os-version", metavar="VERSION", help="Its version [default: any]."),
    click.option("--python-version", metavar="VERSION", help="Version of Python [default: any]."),
]
_INDEX = click.option("--index-url", metavar="URL", help="Index that the package is on [default: any].")
_REQUIREMENTS = [
    click.option(
        "--extra", "extras", multiple=True, metavar="NAME", help="Requirements of this extra, too; several times."
    ),
    click.option(
        "--marker-evaluation-result/--no-marker-evaluation-result",
        default=None,
        help="Requirements whose marker held, or those whose marker did not [default: held].",
    ),
]
_OUTPUT = [
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header."),
]
