"""Package versions as the parameter of a statement: any number of them travel as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...identifiers import PackageTuple, package_tuple
from ..filters import IN_ENVIRONMENT
from ..upsert import encode

WANTED = (
    "ROWS FROM (json_to_recordset(CAST(:wanted AS json)) AS (package_name text, package_version text, index_url text)) "
    "WITH ORDINALITY AS wanted(package_name, package_version, index_url, n)"
)
"""SQL for the rows of parameter ``wanted``, numbered from 1 as ``n``."""

WANTED_ARE_STORED = f"""
    JOIN python_release AS release ON release.package_name = wanted.package_name
        AND release.package_version = wanted.package_version
    JOIN python_package_index AS index ON index.url = wanted.index_url
    JOIN python_package_version AS stored ON stored.python_release_id = release.id
        AND stored.python_package_index_id = index.id
    JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
        AND {IN_ENVIRONMENT}
    """
"""SQL that joins to ``wanted`` the package versions that it names, as ``stored``, in the environments asked about."""

ONE_PACKAGE_VERSION = "python_package_version AS stored"
IS_ONE_PACKAGE_VERSION = f"""
    stored.python_release_id = (
        SELECT id FROM python_release WHERE package_name = :package_name AND package_version = :package_version
    )
    AND stored.python_package_index_id = (SELECT id FROM python_package_index WHERE url = :index_url)
    AND stored.solved_software_environment_id = ANY(ARRAY(
        SELECT id FROM solved_software_environment WHERE {IN_ENVIRONMENT}
    ))
    """
"""SQL for one package version: parameters ``package_name``, ``package_version``, ``index_url`` and an environment."""


def package_row(package: PackageTuple) -> dict[str, str | None]:
    """Return a package tuple as a row of `WANTED`."""
    return dict(zip(("package_name", "package_version", "index_url"), package, strict=True))


class Wanted:
    """Package versions that are asked about, each once."""

    def __init__(self, package_tuples: Iterable[tuple[str, str, str | None]]) -> None:
        """Normalise the package versions."""
        self.packages = list(dict.fromkeys(package_tuple(*package) for package in package_tuples))

    def parameters(self) -> dict[str, Any]:
        """Return the parameter of `WANTED`."""
        return {"wanted": encode(package_row(package) for package in self.packages)}
