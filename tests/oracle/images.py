"""What the graph has to answer over image analyses and package analyses, in plain Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from .facts import normalize_index, normalize_name, normalize_version

Json: TypeAlias = Mapping[str, Any]
PackageTuple: TypeAlias = tuple[str, str, str]


class Analysis(NamedTuple):
    """What is asked about an image analysis."""

    moment: dt.datetime
    document_id: str
    environment_name: str
    environment_type: str
    is_external: bool
    image_digest: str | None
    python_packages: set[tuple[str, str]]
    rpm_packages: set[tuple[str, str]]
    symbols: set[str]
    tool: tuple[str, str]


class PackageAnalysis(NamedTuple):
    """What is asked about a package analysis."""

    moment: dt.datetime
    document_id: str
    package: PackageTuple
    error: bool
    symbols: set[str]


class Images:
    """All answers over some image analyses and package analyses, the last of each id."""

    def __init__(self, analyses: Iterable[Json], package_analyses: Iterable[Json] = ()) -> None:
        """Read the documents."""
        self.analyses = {read.document_id: read for read in map(read_analysis, analyses)}
        self.package_analyses = {read.document_id: read for read in map(read_package_analysis, package_analyses)}

    def environments(self, environment_type: str, external: Collection[bool]) -> list[str]:
        """Return names of environments."""
        return sorted(
            {
                found.environment_name
                for found in self.analyses.values()
                if found.environment_type == environment_type and found.is_external in external
            }
        )

    def analyses_listing(self, name: str, environment_type: str, external: Collection[bool]) -> list[dict[str, Any]]:
        """Return the analyses of an environment, newest first; ``LookupError`` when it is unknown."""
        if name not in self.environments(environment_type, external):
            raise LookupError(name)
        return [
            metadata_of(found)
            for found in newest_first(self.analyses.values())
            if found.environment_name == name
            and found.environment_type == environment_type
            and found.is_external in external
        ]

    def get_analysis_metadata(self, document_id: str) -> dict[str, Any]:
        """Return when and with what an image was analysed."""
        return metadata_of(self.analyses[document_id])

    def get_analyzed_image_symbols(self, name: str) -> list[str]:
        """Return what the latest analysis found."""
        for found in newest_first(self.analyses.values()):
            if found.environment_name == name:
                return sorted(found.symbols)
        raise LookupError(name)

    def get_python_package_required_symbols(self, package_name: str, package_version: str, index_url: str) -> list[str]:
        """Return what the latest analysis found that did not fail."""
        package = (normalize_name(package_name), normalize_version(package_version), normalize_index(index_url))
        for found in newest_first(self.package_analyses.values()):
            if found.package == package and not found.error:
                return sorted(found.symbols)
        raise LookupError(package)

    def get_missing_symbols(
        self, package_name: str, package_version: str, index_url: str, software_environment_name: str
    ) -> list[str]:
        """Return what is required and not offered."""
        offered = self.get_analyzed_image_symbols(software_environment_name)
        required = self.get_python_package_required_symbols(package_name, package_version, index_url)
        return [symbol for symbol in required if symbol not in offered]

    def get_images_with_python_package(self, name: str, version: str | None = None) -> list[dict[str, Any]]:
        """Return the analyses that found a Python package."""
        wanted = None if version is None else normalize_version(version)
        return self._images(
            found for found in self.analyses.values() if is_among(found.python_packages, normalize_name(name), wanted)
        )

    def get_images_with_rpm_package(self, name: str, version: str | None = None) -> list[dict[str, Any]]:
        """Return the analyses that found an RPM package."""
        return self._images(found for found in self.analyses.values() if is_among(found.rpm_packages, name, version))

    def retrieve_unanalyzed_python_package_versions(self, known: Iterable[PackageTuple]) -> list[dict[str, str]]:
        """Return the package versions that no document is about."""
        analysed = {found.package for found in self.package_analyses.values()}
        normalised = {(normalize_name(n), normalize_version(v), normalize_index(url)) for n, v, url in known}
        return [
            {"package_name": name, "package_version": version, "index_url": url}
            for name, version, url in sorted(normalised - analysed)
        ]

    @staticmethod
    def _images(found: Iterable[Analysis]) -> list[dict[str, Any]]:
        by_name = sorted(newest_first(found), key=lambda analysis: analysis.environment_name)
        return [
            {
                "environment_name": analysis.environment_name,
                "image_digest": analysis.image_digest,
                "analysis_document_id": analysis.document_id,
            }
            for analysis in by_name
        ]


def newest_first(found: Iterable[Any]) -> list[Any]:
    """Return documents, the latest first."""
    return sorted(found, key=lambda document: (document.moment, document.document_id), reverse=True)


def is_among(packages: Iterable[tuple[str, str]], name: str, version: str | None) -> bool:
    """Return whether a package is there, in a version or in any."""
    return any(name == other and version in (None, other_version) for other, other_version in packages)


def metadata_of(found: Analysis) -> dict[str, Any]:
    """Return what is told of an analysis itself."""
    return {
        "analysis_datetime": found.moment.isoformat(),
        "analysis_document_id": found.document_id,
        "package_extract_name": found.tool[0],
        "package_extract_version": found.tool[1],
    }


def read_analysis(document: Json) -> Analysis:
    """Return what an image analysis says."""
    metadata, result = document["metadata"], document["result"]
    of_caller = metadata["arguments"]["thoth-package-extract"].get("metadata") or {}
    layers = result.get("layers") or []
    return Analysis(
        moment=moment_of(metadata),
        document_id=metadata["document_id"],
        environment_name=metadata["arguments"]["extract-image"]["image"],
        environment_type=(of_caller.get("environment_type") or "runtime").upper(),
        is_external=of_caller.get("is_external") is not False,
        image_digest=layers[-1].replace("sha256:", "") if layers else None,
        python_packages={(normalize_name(n), normalize_version(v)) for n, v in python_packages_of(result)},
        rpm_packages=set(rpm_packages_of(result)),
        symbols={symbol for symbols in (result.get("system-symbols") or {}).values() for symbol in symbols or []},
        tool=(metadata["analyzer"], metadata["analyzer_version"]),
    )


def python_packages_of(result: Json) -> Iterator[tuple[str, str]]:
    """Yield names and versions of what is installed."""
    for entry in result.get("mercator") or []:
        if entry["ecosystem"] in ("Python", "Python-Dist"):
            yield entry["result"]["name"], entry["result"]["version"]
    for entry in result.get("python-packages") or []:
        yield entry["package_name"], entry["package_version"]


def rpm_packages_of(result: Json) -> Iterator[tuple[str, str]]:
    """Yield names and versions of RPM packages."""
    found = result.get("rpm-dependencies") or []
    for entry in found:
        if isinstance(found, Mapping):
            name, version, _ = entry.rsplit("-", 2)
            yield name, version.rpartition(":")[2]
        else:
            yield entry["name"], entry["version"]


def read_package_analysis(document: Json) -> PackageAnalysis:
    """Return what a package analysis says."""
    metadata, result = document["metadata"], document["result"]
    package = metadata["arguments"]["python"]
    return PackageAnalysis(
        moment=moment_of(metadata),
        document_id=metadata["document_id"],
        package=(
            normalize_name(package["package_name"]),
            normalize_version(package["package_version"]),
            normalize_index(package["index_url"]),
        ),
        error=bool(result.get("error")),
        symbols={
            symbol
            for artifact in result.get("artifacts") or []
            for symbols in (artifact.get("symbols") or {}).values()
            for symbol in symbols or []
        },
    )


def moment_of(metadata: Json) -> dt.datetime:
    """Return the time of a document."""
    moment = dt.datetime.fromisoformat(metadata["datetime"])
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
