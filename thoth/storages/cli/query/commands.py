"""The commands of `thoth-storages query`: each parses, calls one function, and returns what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .arguments import Package, Question, asks, package_argument

if TYPE_CHECKING:
    from .answers import Answer
    from .sources import Source

_GRAPH = click.option(
    "--graph",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw it, too: .png, .svg, .dot, .mmd, or .pdf where Graphviz is installed.",
)
_POSITIVE = click.IntRange(min=1)


@click.group()
def query() -> None:
    """Ask the knowledge graph, or a graph cache file, from a prompt.

    A package is NAME or NAME==VERSION, in any spelling. What is not given, environment and index, may be any. On a
    terminal the answer is a table, elsewhere aligned columns; --json and --csv are for programs. With --cache, a file
    answers alone; what it is not complete for is an error that says so.

    \b
    Example:
      thoth-storages query versions flask
      thoth-storages query why jupyterlab==3.4.8 markupsafe --graph why.svg
      thoth-storages query depends-on flask==1.0.2 --cache graph_cache.sqlite3 --json
    """


@query.command("depends-on")
@asks(index=True, requirements=True)
@package_argument("package", needs_version=True)
def depends_on(source: Source, question: Question, package: Package) -> Answer:
    """Print what a package version depends on directly: every version of every project that it admits.

    \b
    Example:
      thoth-storages query depends-on flask==1.0.2 --os-name rhel --os-version 8 --python-version 3.8
      thoth-storages query depends-on requests==2.27.1 --extra socks
    """
    from . import answers

    return answers.depends_on(source, question, package)


@query.command("dependents")
@asks(index=True)
@package_argument("package", needs_version=False)
@click.option("--transitive", is_flag=True, help="Those that depend on it indirectly, too.")
@click.option("--count", is_flag=True, help="Print how many there are.")
@click.option("--page", type=_POSITIVE, default=1, show_default=True, help="Page to print.")
@click.option("--per-page", type=_POSITIVE, default=100, show_default=True, help="Lines on a page.")
def dependents(
    source: Source, question: Question, package: Package, transitive: bool, count: bool, page: int, per_page: int
) -> Answer:
    """Print the package versions that depend on a package, or on a version of it.

    Those that depend on it directly are told without environments: in any of them.

    \b
    Example:
      thoth-storages query dependents werkzeug
      thoth-storages query dependents markupsafe==2.0.1 --transitive --count
    """
    from . import answers

    return answers.dependents(
        source, question, package, transitive=transitive, count=count, page=page, per_page=per_page
    )


@query.command("closure")
@asks(index=True, requirements=True)
@package_argument("packages", needs_version=True, several=True)
@click.option("--edges", is_flag=True, help="Print who depends on what, and not the packages alone.")
@_GRAPH
def closure(
    source: Source, question: Question, packages: tuple[Package, ...], edges: bool, graph: Path | None
) -> Answer:
    """Print everything that package versions depend on, directly or not, the nearest first.

    What was not solved has no index URL.

    \b
    Example:
      thoth-storages query closure flask==1.0.2 --os-name rhel --os-version 8 --python-version 3.8
      thoth-storages query closure jupyterlab==3.4.8 --graph closure.svg --edges --csv
    """
    from . import answers

    return answers.closure(source, question, packages, edges=edges, graph=graph)


@query.command("why")
@asks(index=True, requirements=True)
@package_argument("root", needs_version=True)
@package_argument("target", needs_version=False)
@click.option("--limit", type=_POSITIVE, default=10, show_default=True, help="Chains to print.")
@_GRAPH
def why(source: Source, question: Question, root: Package, target: Package, limit: int, graph: Path | None) -> Answer:
    """Print the shortest chains of dependencies from ROOT to TARGET, with the requirement at each step.

    Ways through different projects come before those through older versions. A cache file does not hold how
    requirements were written.

    \b
    Example:
      thoth-storages query why jupyterlab==3.4.8 markupsafe
      thoth-storages query why jupyterlab==3.4.8 markupsafe==2.0.1 --limit 3 --graph why.png
    """
    from . import answers

    return answers.why(source, question, root, target, limit=limit, graph=graph)


@query.command("versions")
@asks(index=True)
@package_argument("package", needs_version=False)
def versions(source: Source, question: Question, package: Package) -> Answer:
    """Print the versions of a package of which solvers speak, newest first.

    \b
    Example:
      thoth-storages query versions flask --python-version 3.8
    """
    from . import answers

    return answers.versions(source, question, package)


@query.command("records")
@asks(index=True)
@package_argument("package", needs_version=True)
def records(source: Source, question: Question, package: Package) -> Answer:
    """Print where solvers met a package version: indexes and environments.

    \b
    Example:
      thoth-storages query records flask==1.0.2
    """
    from . import answers

    return answers.records(source, question, package)


@query.command("solver-error")
@asks(index=True)
@package_argument("package", needs_version=True)
def solver_error(source: Source, question: Question, package: Package) -> Answer:
    """Print whether solving a package version failed the last time, on each index that has it.

    \b
    Example:
      thoth-storages query solver-error jupyterlab==3.99.0
    """
    from . import answers

    return answers.solver_error(source, question, package)


@query.command("cve")
@asks(environment=False)
@package_argument("package", needs_version=True)
def cve(source: Source, question: Question, package: Package) -> Answer:
    """Print the known vulnerabilities of a package version.

    \b
    Example:
      thoth-storages query cve flask==0.12
    """
    from . import answers

    return answers.cve(source, question, package)


@query.command("hashes")
@asks(environment=False, index=True)
@package_argument("package", needs_version=True)
def hashes(source: Source, question: Question, package: Package) -> Answer:
    """Print the SHA-256 digests of the files of a package version, by index.

    \b
    Example:
      thoth-storages query hashes flask==1.0.2
    """
    from . import answers

    return answers.hashes(source, question, package)


@query.command("stats")
@asks(environment=False)
@click.option("--solver", metavar="SOLVER", help="Tell also what this solver solved, for example solver-rhel-8-py38.")
def stats(source: Source, question: Question, solver: str | None) -> Answer:
    """Print how much there is: documents, package versions, releases, performance indicators.

    \b
    Example:
      thoth-storages query stats
      thoth-storages query stats --cache graph_cache.sqlite3
    """
    from . import answers

    return answers.stats(source, question, solver=solver)
