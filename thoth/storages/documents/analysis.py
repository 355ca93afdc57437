"""Image analyses of every year, written by package-extract: the shape that is read, and the facts that one states.

Until spring 2018 RPM packages were an object, requirements by package identifier; until 2022 Python packages came from
mercator, since 2021 from each ``site-packages`` itself.
"""

from __future__ import annotations

import datetime as dt
import logging
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from ..exceptions import SchemaError, shown
from ..normalize import normalize_python_package_name, normalize_python_package_version
from . import base
from .contents import PythonFile, paths_by_digest, symbols_of_libraries
from .environments import Number, SoftwareEnvironmentFact, operating_system, text_of
from .system_packages import RPM, Deb, DebFact, RPMFact, deb_facts, rpm_facts

_LOGGER = logging.getLogger(__name__)

_PYTHON_OF_IMAGE_NAME = re.compile(r".*-py(?P<major>\d)(?P<minor>\d+)")
_PYTHON_OF_INTERPRETER = re.compile(r"Python (?P<version>\d+\.\d+)\b.*", re.DOTALL)
_METADATA_OF_INSTALLATION = (".dist-info", ".egg-info")
_MERCATOR_ECOSYSTEMS = {"Python", "Python-Dist"}
_CUDA_OF_NVCC = "nvcc_version"
_CUDA_OF_FILE = "/usr/local/cuda/version.txt"


class ExtractImage(msgspec.Struct, frozen=True):
    """Arguments of the command that analyses an image."""

    image: str


class CallMetadata(msgspec.Struct, frozen=True):
    """What whoever called package-extract says of the image."""

    environment_type: str | None = None
    origin: str | None = None
    is_external: bool | None = None


class Call(msgspec.Struct, frozen=True):
    """Arguments of package-extract, whatever its command."""

    verbose: bool | None = None
    metadata: CallMetadata | None = None


class Arguments(msgspec.Struct, frozen=True, rename="kebab"):
    """Arguments by command."""

    extract_image: ExtractImage | None = None
    extract_buildlog: Any = None
    thoth_package_extract: Call | None = None


class AnalysisMetadata(base.Metadata, frozen=True):
    """``metadata`` of an image analysis."""

    arguments: Arguments | None = None


class OperatingSystem(msgspec.Struct, frozen=True):
    """What ``/etc/os-release`` of the image says."""

    id: str | None = None
    version_id: Number = None


class MercatorResult(msgspec.Struct, frozen=True):
    """What mercator reads from a file that describes a package; what the file holds may be anything."""

    name: Any = None
    version: Any = None
    error: Any = None


class MercatorEntry(msgspec.Struct, frozen=True):
    """A file that describes a package, of whichever language."""

    ecosystem: str | None = None
    path: str | None = None
    result: MercatorResult | None = None


class PythonPackage(msgspec.Struct, frozen=True):
    """A Python package that is installed in a ``site-packages``."""

    package_name: str
    package_version: str
    location: str | None = None


class Interpreter(msgspec.Struct, frozen=True):
    """An executable that may be a Python interpreter."""

    path: str
    link: str | None = None
    version: str | None = None


class SkopeoInspect(msgspec.Struct, frozen=True):
    """What the configuration of the image says."""

    env: list[str] | None = msgspec.field(name="Env", default=None)


class Result(msgspec.Struct, frozen=True):
    """What package-extract found in an image."""

    operating_system: OperatingSystem | None = msgspec.field(name="operating-system", default=None)
    layers: list[str] | None = None
    rpm: list[str] | None = None
    rpm_dependencies: list[RPM] | dict[str, list[str] | None] | None = msgspec.field(
        name="rpm-dependencies", default=None
    )
    deb: list[Deb] | None = None
    deb_dependencies: list[Deb] | None = msgspec.field(name="deb-dependencies", default=None)
    python_files: list[PythonFile] | None = msgspec.field(name="python-files", default=None)
    system_symbols: dict[str, list[str] | None] | None = msgspec.field(name="system-symbols", default=None)
    mercator: list[MercatorEntry] | None = None
    python_packages: list[PythonPackage] | None = msgspec.field(name="python-packages", default=None)
    python_interpreters: list[Interpreter] | None = msgspec.field(name="python-interpreters", default=None)
    cuda_version: dict[str, Number] | None = msgspec.field(name="cuda-version", default=None)
    skopeo_inspect: SkopeoInspect | None = msgspec.field(name="skopeo-inspect", default=None)
    image_size: int | None = None


class AnalysisDocument(msgspec.Struct, frozen=True):
    """An image analysis, or the analysis of a build log: a tool of 2018 wrote both."""

    metadata: AnalysisMetadata
    result: Result | list[Any]


class InterpreterFact(NamedTuple):
    """An executable that may be a Python interpreter."""

    path: str
    link: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class AnalysisFacts:
    """What an image analysis states, in one spelling whatever its year."""

    document_id: str
    datetime: dt.datetime
    duration: int | None
    package_extract_name: str | None
    package_extract_version: str | None
    debug: bool
    origin: str | None
    environment: SoftwareEnvironmentFact
    image_name: str
    image_tag: str
    layers: list[str]
    image_size: int | None
    os_id: str | None
    os_version_id: str | None
    thoth_image_name: str | None
    thoth_image_version: str | None
    env_image_name: str | None
    env_image_tag: str | None
    rpm_packages: list[RPMFact]
    deb_packages: list[DebFact]
    python_packages: dict[tuple[str, str | None], list[str]]
    """Folders by name and version of what is installed there; mercator may not tell the version."""
    python_files: dict[bytes, list[str]]
    """Paths by SHA-256 digest of the content, distinct, sorted."""
    interpreters: list[InterpreterFact]
    symbols: set[tuple[str, str]]
    """Paths of libraries, each with a versioned symbol that it offers."""


def read_analysis_document(document: Mapping[str, Any]) -> AnalysisFacts:
    """Return what an image analysis states.

    Args:
        document: an image analysis of any year, as parsed from JSON; it is not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of an image analysis; the message holds the path to the
            field.

    """
    struct = base.read(document, AnalysisDocument)
    metadata, result = struct.metadata, struct.result
    arguments = metadata.arguments or Arguments()
    if isinstance(result, list):
        raise SchemaError("$.result: a list: this is the analysis of a build log, and not of an image")
    if arguments.extract_image is None:
        of_buildlog = ": this is the analysis of a build log" if arguments.extract_buildlog is not None else ""
        raise SchemaError(f"$.metadata.arguments.extract-image: absent{of_buildlog}")
    call = arguments.thoth_package_extract or Call()
    of_caller = call.metadata or CallMetadata()
    image = arguments.extract_image.image.strip()
    image_name, image_tag = _image_reference(image)
    os_release = result.operating_system or OperatingSystem()
    variables = _environment_variables(result.skopeo_inspect)
    return AnalysisFacts(
        document_id=base.document_id(metadata),
        datetime=base.document_datetime(metadata),
        duration=base.document_duration(metadata),
        package_extract_name=metadata.analyzer,
        package_extract_version=metadata.analyzer_version,
        debug=bool(call.verbose),
        origin=of_caller.origin or None,
        environment=_environment(image, image_name, of_caller, result),
        image_name=image_name,
        image_tag=image_tag,
        layers=[layer.lower().removeprefix("sha256:") for layer in result.layers or ()],
        image_size=_image_size(result.image_size),
        os_id=os_release.id or None,
        os_version_id=text_of(os_release.version_id),
        thoth_image_name=variables.get("THOTH_S2I_NAME"),
        thoth_image_version=variables.get("THOTH_S2I_VERSION"),
        env_image_name=variables.get("IMAGE_NAME"),
        env_image_tag=variables.get("IMAGE_TAG"),
        rpm_packages=rpm_facts(result.rpm_dependencies, result.rpm),
        deb_packages=deb_facts(result.deb_dependencies, result.deb),
        python_packages=_python_packages(result),
        python_files=paths_by_digest(
            ((number, file.filepath, file.sha256) for number, file in enumerate(result.python_files or ())),
            "$.result.python-files",
        ),
        interpreters=_interpreters(result.python_interpreters),
        symbols=symbols_of_libraries(result.system_symbols, "$.result.system-symbols"),
    )


def _environment(image: str, image_name: str, of_caller: CallMetadata, result: Result) -> SoftwareEnvironmentFact:
    # Images of users are the ones that nobody said anything about.
    is_external = True if of_caller.is_external is None else of_caller.is_external
    os_release = result.operating_system or OperatingSystem()
    os_name, os_version = operating_system(os_release.id, os_release.version_id)
    of_name = None if is_external else _PYTHON_OF_IMAGE_NAME.fullmatch(image_name)
    return SoftwareEnvironmentFact(
        environment_name=image,
        environment_type=_environment_type(of_caller.environment_type),
        is_external=is_external,
        os_name=os_name,
        os_version=os_version,
        python_version=(
            f"{of_name['major']}.{of_name['minor']}" if of_name else _python_version(result.python_interpreters)
        ),
        cuda_version=_cuda_version(result.cuda_version or {}),
    )


def _environment_type(name: str | None) -> Literal["RUNTIME", "BUILDTIME"]:
    match (name or "runtime").upper():
        case "RUNTIME":
            return "RUNTIME"
        case "BUILDTIME":
            return "BUILDTIME"
    raise SchemaError(
        "$.metadata.arguments.thoth-package-extract.metadata.environment_type: "
        f"expected 'runtime' or 'buildtime', got {shown(name)}"
    )


def _image_reference(image: str) -> tuple[str, str]:
    """Return the name of an image and its tag, or its digest when it was pulled by that alone.

    A colon before the last slash is that of the port of a registry.
    """
    reference, _, digest = image.partition("@")
    folder, slash, last = reference.rpartition("/")
    last, _, tag = last.partition(":")
    if not last:
        raise SchemaError(f"$.metadata.arguments.extract-image.image: not the reference of an image: {shown(image)}")
    return f"{folder}{slash}{last}", tag or digest or "latest"


def _python_version(interpreters: list[Interpreter] | None) -> str | None:
    """Return the version of Python when all interpreters that tell theirs are of one."""
    found = {
        match["version"]
        for match in map(_PYTHON_OF_INTERPRETER.fullmatch, [entry.version or "" for entry in interpreters or ()])
        if match
    }
    return found.pop() if len(found) == 1 else None


def _cuda_version(versions: Mapping[str, Number]) -> str | None:
    """Return the version of CUDA; that of the compiler counts more than what a text file says."""
    of_compiler, of_file = text_of(versions.get(_CUDA_OF_NVCC)), text_of(versions.get(_CUDA_OF_FILE))
    if of_compiler is not None and of_file is not None and of_compiler != of_file:
        _LOGGER.warning(
            "the image has CUDA %s as nvcc says, and CUDA %s as %s says: the first is kept",
            of_compiler,
            of_file,
            _CUDA_OF_FILE,
        )
    return of_compiler or of_file


def _environment_variables(inspected: SkopeoInspect | None) -> dict[str, str]:
    """Return environment variables that are set in the image, without those that are set to nothing."""
    entries = (entry.partition("=") for entry in (inspected and inspected.env) or ())
    return {name: value for name, _, value in entries if value}


def _image_size(size: int | None) -> int | None:
    if size is not None and not 0 <= size < 2**63:
        raise SchemaError(f"$.result.image_size: not a number of bytes: {shown(size)}")
    return size


def _python_packages(result: Result) -> dict[tuple[str, str | None], list[str]]:
    locations: dict[tuple[str, str | None], set[str]] = {}
    for (name, version), location in [*_of_mercator(result.mercator), *_of_site_packages(result.python_packages)]:
        release = (
            normalize_python_package_name(name),
            None if version is None else normalize_python_package_version(version),
        )
        locations.setdefault(release, set()).update(() if location is None else (location,))
    return {release: sorted(found) for release, found in locations.items()}


def _of_mercator(entries: list[MercatorEntry] | None) -> Iterator[tuple[tuple[str, str | None], str | None]]:
    """Yield name and version of each package that mercator identified, and where; requirements are not packages."""
    for entry in entries or ():
        if entry.ecosystem not in _MERCATOR_ECOSYSTEMS or entry.result is None or entry.result.error:
            continue
        name, version = entry.result.name, entry.result.version
        if not isinstance(name, str) or not name.strip():
            _LOGGER.warning("mercator found a Python package without a name at %r: left out", entry.path)
            continue
        text = text_of(version) if type(version) in (str, int, float) else None
        yield (name.strip(), text), _folder_of_installation(entry.path) if entry.path else None


def _of_site_packages(packages: list[PythonPackage] | None) -> Iterator[tuple[tuple[str, str], str | None]]:
    for number, package in enumerate(packages or ()):
        name, version = package.package_name.strip(), package.package_version.strip()
        if not name or not version:
            field = "package_version" if name else "package_name"
            raise SchemaError(f"$.result.python-packages[{number}].{field}: empty")
        yield (name, version), package.location or None


def _folder_of_installation(path: str) -> str:
    """Return the folder that holds what a file with metadata describes."""
    parts = path.split("/")
    for number, part in enumerate(parts):
        if part.endswith(_METADATA_OF_INSTALLATION):
            return "/".join(parts[:number]) or "/"
    return posixpath.dirname(path) or "/"


def _interpreters(entries: list[Interpreter] | None) -> list[InterpreterFact]:
    """Return interpreters, one a path: a later entry counts."""
    found: dict[str, InterpreterFact] = {}
    for number, entry in enumerate(entries or ()):
        if not entry.path:
            raise SchemaError(f"$.result.python-interpreters[{number}].path: empty")
        found[entry.path] = InterpreterFact(entry.path, entry.link or None, entry.version or None)
    return list(found.values())
