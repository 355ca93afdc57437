"""Requirements as they were declared: what stands behind the edges of a closure."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ...identifiers import Environment, package_tuple
from ..closure import Edge
from ..filters import COUNTS, environment_parameters, requirement_parameters
from ..sessions import ReadSession
from ..upsert import encode
from .wanted import WANTED_ARE_STORED

Requirement = dict[str, str | None]

_COLUMNS = ("package_name", "package_version", "index_url", "dependency_name", "dependency_version")
_OF_EDGES = text(
    f"""
    SELECT DISTINCT wanted.n, depends_on.specifier, depends_on.marker, depends_on.extra
    FROM ROWS FROM (json_to_recordset(CAST(:wanted AS json)) AS ({", ".join(f"{name} text" for name in _COLUMNS)}))
        WITH ORDINALITY AS wanted({", ".join(_COLUMNS)}, n)
    {WANTED_ARE_STORED}
    JOIN depends_on ON depends_on.python_package_version_id = stored.id
        AND depends_on.solver_run_id = stored.solver_run_id AND {COUNTS}
    JOIN version_set ON version_set.id = depends_on.version_set_id
        AND version_set.package_name = wanted.dependency_name
    JOIN python_release AS dependency ON dependency.package_name = wanted.dependency_name
        AND dependency.package_version = wanted.dependency_version
        AND dependency.id = ANY(version_set.python_release_ids)
    ORDER BY wanted.n, depends_on.specifier, depends_on.marker NULLS FIRST, depends_on.extra NULLS FIRST
    """
)


def get_python_requirements_many(
    session: ReadSession,
    edges: Iterable[Edge],
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
    extras: frozenset[str | None] | None = None,
    marker_evaluation_result: bool | None = None,
) -> dict[Edge, list[Requirement]]:
    """Return the requirements by which package versions depend directly on others, in one statement for all.

    Args:
        session: an open session.
        edges: pairs of package tuples, as closures have them: the dependent, and what it depends on, whose index URL
            does not matter.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.
        extras: extras whose requirements count, None among them for requirements without an extra; not given: those
            without an extra.
        marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.

    Returns:
        By edge, normalised, dictionaries with the keys ``specifier`` (PEP 440, ``*`` for any version), ``marker`` (PEP
        508) and ``extra`` (that asks for it), distinct and sorted; none when there is no such edge.

    """
    wanted = list(dict.fromkeys((package_tuple(*source), package_tuple(*target)) for source, target in edges))
    found: dict[Edge, list[Requirement]] = {edge: [] for edge in wanted}
    rows = session.execute(
        _OF_EDGES,
        {
            "wanted": encode(dict(zip(_COLUMNS, (*source, *target[:2]), strict=True)) for source, target in wanted),
            **environment_parameters(Environment(os_name, os_version, python_version)),
            **requirement_parameters(extras, marker_evaluation_result),
        },
    )
    for n, specifier, marker, extra in rows:
        found[wanted[n - 1]].append({"specifier": specifier, "marker": marker, "extra": extra})
    return found
