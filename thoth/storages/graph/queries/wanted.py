"""Package versions as parameters of a statement: any number of them travel as three."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...identifiers import PackageTuple, package_tuple
from ..filters import IN_ENVIRONMENT

WANTED = """ROWS FROM (
        json_array_elements_text(CAST(:wanted_names AS json)),
        json_array_elements_text(CAST(:wanted_versions AS json)),
        json_array_elements_text(CAST(:wanted_urls AS json))
    ) WITH ORDINALITY AS wanted(package_name, package_version, index_url, n)"""
"""SQL for the package versions of the parameters of `Wanted`, numbered from 1 as ``n``."""

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

    def parameters(self) -> dict[str, str]:
        """Return the parameters of `WANTED`: columns, which name nothing again for each of them."""
        columns = zip(*self.packages, strict=True) if self.packages else ((), (), ())
        return {
            name: msgspec.json.encode(column).decode()
            for name, column in zip(("wanted_names", "wanted_versions", "wanted_urls"), columns, strict=True)
        }
