"""Whether those that are measured beside each other give the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thoth.storages.identifiers import PackageTuple

from .corpus import ENVIRONMENT, ROOT, Json
from .released import HELD
from .workspace import Workspace


class AnswersDiffer(Exception):
    """The release answers from the tables that were filled for it otherwise than this library does."""


def check_released(workspace: Workspace, packages: Sequence[PackageTuple]) -> None:
    """Compare the release's answers with those of this library.

    Args:
        workspace: the databases.
        packages: package versions to ask about, beside the closure of the root.

    Raises:
        AnswersDiffer: the message names the question.

    """
    graph = workspace.graph
    _check_closure(workspace)
    for package in packages:
        name, version, url = package[0], package[1], str(package[2])
        mine = graph.get_depends_on(name, version, url, **ENVIRONMENT, without_cache=True)
        theirs = _ask(workspace, "get_depends_on", package, HELD)
        _compare("get_depends_on", package, {tuple(one) for _, found in theirs for one in found}, set(mine))
        records = graph.get_python_package_version_records(*package, **ENVIRONMENT, without_cache=True)
        found = [dict(record) for record in _ask(workspace, "get_python_package_version_records", package)]
        _compare("get_python_package_version_records", package, found, records)
        failed = graph.has_python_solver_error(name, version, url, **ENVIRONMENT)
        _compare("has_python_solver_error", package, _ask(workspace, "has_python_solver_error", package), failed)


def _check_closure(workspace: Workspace) -> None:
    graph, root = workspace.graph, workspace.corpus.newest(ROOT)
    edges = graph.retrieve_transitive_dependencies_python(*root, **ENVIRONMENT, without_cache=True)
    found = _ask(workspace, "retrieve_transitive_dependencies_python", root, HELD)
    _compare("closure", root, {tuple(map(tuple, edge)) for edge in found}, set(edges))


def _ask(workspace: Workspace, method: str, package: PackageTuple, keywords: Json = ENVIRONMENT) -> Any:
    answer = workspace.released.ask("call", method=method, calls=[[list(package), keywords]], answers=True)
    return answer["answers"][0]


def _compare(method: str, package: PackageTuple, theirs: object, mine: object) -> None:
    if theirs != mine:
        raise AnswersDiffer(f"{method} {package}: {str(theirs)[:300]} and not {str(mine)[:300]}")
