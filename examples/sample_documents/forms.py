"""The forms in which thoth-solver wrote its documents: those of 2019 and those of 2020 and later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from .environments import utc
from .package_metadata import Release
from .runs import Dependency, Entry, Failure, Run, draw

# The release of the tool, or the day, that a key came with.
_IMPORTLIB_METADATA = Version("1.4.0")
_PLATFORM = Version("1.6.0")
_IMPORT_NAMES = Version("1.9.0")
_LICENSE = Version("1.11.0")
_IDS_WITH_TIME = utc("2021-01-01")

# Import names that are not the name of the package with underscores.
_IMPORTED_AS = {
    "attrs": ["attr", "attrs"],
    "beautifulsoup4": ["bs4"],
    "brotlipy": ["brotli"],
    "jupyter-core": ["jupyter_core", "jupyter_core.utils"],
    "pysocks": [],
    "python-dateutil": ["dateutil", "dateutil.parser", "dateutil.tz", "dateutil.zoneinfo"],
    "python-dotenv": ["dotenv"],
    "python-json-logger": ["pythonjsonlogger"],
    "pyyaml": ["_yaml", "yaml"],
    "pyzmq": ["zmq"],
    "setuptools": ["_distutils_hack", "pkg_resources", "setuptools"],
    "websocket-client": ["websocket"],
}
_LICENSES = {
    "License :: OSI Approved :: Apache Software License": ("Apache License 2.0", "Apache-2.0"),
    "License :: OSI Approved :: BSD License": ("BSD License", "UNDETECTED"),
    "License :: OSI Approved :: ISC License (ISCL)": ("ISC License", "ISC"),
    "License :: OSI Approved :: MIT License": ("MIT License", "MIT"),
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": ("Mozilla Public License 2.0", "MPL-2.0"),
    "License :: OSI Approved :: Python Software Foundation License": ("Python Software Foundation License", "PSF-2.0"),
}
_POD_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def document_id(run: Run) -> str:
    """Return the id of a run's document, in the form of its year."""
    number = draw("id", *run.key)
    if Version(run.solver.analyzer_version) < _IMPORTLIB_METADATA:
        # A solver that somebody ran by hand on a laptop has the host's name alone.
        return f"{run.solver.name}-{number % 16**16:016x}" if run.solver.name.startswith("solver-") else _host(run)
    if run.started < _IDS_WITH_TIME:
        return f"{run.solver.name}-{number % 16**8:08x}"
    return f"{run.solver.name}-{run.started:%y%m%d%H%M%S}-{number % 16**16:016x}"


def _host(run: Run) -> str:
    """Return a laptop's host name, without the part that is taken for a pod's."""
    return f"{run.solver.name}-fc{run.solver.os_version}-{run.started:%H%M}"


def _metadata(run: Run, duration: int) -> dict[str, Any]:
    """Return the metadata of the form of 2019."""
    number = draw("pod", *run.key)
    pod = "".join(_POD_LETTERS[number // 100**i % len(_POD_LETTERS)] for i in range(5))
    finished = run.started + timedelta(seconds=duration + 90, microseconds=number % 1_000_000)
    old_command = Version(run.solver.analyzer_version) < Version("1.2.0")
    return {
        "analyzer": "thoth-solver",
        "analyzer_version": run.solver.analyzer_version,
        "arguments": {
            "pypi" if old_command else "python": {
                "exclude_packages": None,
                "index": ",".join(run.index_urls),
                "no_pretty": False,
                "no_transitive": not run.transitive,
                "output": "-" if old_command else "http://result-api/api/v1/solver-result",
                "requirements": "\n".join(run.requirements),
            },
            "thoth-solver": {"verbose": old_command},
        },
        "datetime": f"{finished:%Y-%m-%dT%H:%M:%S.%f}",
        "distribution": run.solver.distribution(),
        "hostname": f"{document_id(run)}-{'local' if old_command else pod}",
        "python": run.solver.python_info(),
        "timestamp": int(finished.timestamp()),
    }


def _details(run: Run, failure: Failure) -> dict[str, Any]:
    """Return the details of an error."""
    if failure.kind == "not_site_package":
        return {"message": "Failed to get information about installed package, probably not site package"}
    pinned = next(text for text in run.requirements if text.startswith(f"{failure.package_name}=="))
    command = "venv/bin/python3 -m pip install --force-reinstall --no-cache-dir --no-deps"
    stderr = f"ERROR: {failure.reason}\n"
    return {
        "command": f'{command} {pinned} --index-url "{failure.index_url}"',
        "message": f"Command exited with non-zero status code ({failure.return_code}): {stderr}",
        "return_code": failure.return_code,
        "stderr": stderr,
        "stdout": f"Collecting {pinned}\n",
        "timeout": 60,
    }


def _entry_2019(entry: Entry) -> dict[str, Any]:
    """Return a tree entry of 2019: only what an installation without extras needs, markers are not told."""
    return {
        "package_name": entry.release.name,
        "package_version": entry.requested or entry.release.version,
        "index_url": entry.index_url,
        "sha256": entry.release.sha256,
        "dependencies": [
            {
                "package_name": dependency.name,
                "required_version": dependency.specifier,
                "resolved_versions": [{"index": url, "versions": versions} for url, versions in dependency.resolved],
            }
            for dependency in entry.dependencies
            if dependency.held and not dependency.extra
        ],
    }


def form_of_2019(run: Run) -> dict[str, Any]:
    """Return the document of a run as thoth-solver 1.1 and 1.2 wrote it (November 2018 to October 2019)."""
    errors = []
    for failure in run.errors:
        error: dict[str, Any] = {
            "package_name": failure.package_name,
            "version": failure.package_version,
            "index": failure.index_url,
            "type": failure.kind,
            "details": _details(run, failure),
        }
        if failure.kind != "not_site_package":
            error["is_provided"] = failure.is_provided
        errors.append(error)
    pip = {"package_name": "pip", "required_version": ">=6.0.0"}
    return {
        "metadata": _metadata(run, duration=draw("duration", *run.key) % 40),
        "result": {
            "environment": [
                {"package_name": "wheel", "package_version": "0.33.1", "dependencies": []},
                {"package_name": "setuptools", "package_version": "40.8.0", "dependencies": []},
                {"package_name": "pipdeptree", "package_version": "0.13.2", "dependencies": [pip]},
                {"package_name": "pip", "package_version": "19.0.3", "dependencies": []},
            ],
            "tree": [_entry_2019(entry) for entry in run.tree],
            "errors": errors,
            "unresolved": [
                {"package_name": u.package_name, "version_spec": u.version_spec, "index": u.index_url}
                for u in run.unresolved
            ],
            "unparsed": [{"requirement": text, "details": details} for text, details in run.unparsed],
        },
    }


def _dependency(dependency: Dependency) -> dict[str, Any]:
    """Return a dependency as it was written since 2019-11."""
    return {
        "package_name": dependency.name,
        "normalized_package_name": canonicalize_name(dependency.name),
        "specifier": dependency.specifier,
        "extra": dependency.extra,
        "extras": dependency.extras,
        "marker": dependency.marker,
        "marker_evaluated": dependency.evaluated,
        "marker_evaluation_result": dependency.held,
        "marker_evaluation_error": dependency.error,
        "resolved_versions": [{"index": url, "versions": versions} for url, versions in dependency.resolved],
    }


def _core_metadata(release: Release) -> dict[str, Any]:
    """Return the core metadata of a release, keys without a value left out."""
    fields: dict[str, Any] = {
        "Metadata-Version": release.metadata_version,
        "Name": release.name,
        "Version": release.version,
        "Summary": release.summary,
        "Home-page": release.home_page,
        "Author": release.author,
        "License": release.license,
        "Classifier": release.classifier,
        "Project-URL": release.project_url,
        "Provides-Extra": release.provides_extra,
        "Requires-Dist": release.requires_dist,
        "Requires-Python": release.requires_python,
    }
    return {key: value for key, value in fields.items() if value}


def _license(release: Release) -> dict[str, Any]:
    """Return ``package_license``: what license-solver would tell from the classifiers."""
    names = [_LICENSES[text] for text in release.classifier if text in _LICENSES]
    full_name, identifier = names[0] if names else ("UNDETECTED", "UNDETECTED")
    return {
        "license": {"full_name": full_name, "identifier_spdx": identifier},
        "license_version": "UNDETECTED",
        "warning": not names and release.license is not None,
    }


def _entry(entry: Entry, tool: Version) -> dict[str, Any]:
    """Return a tree entry as it was written since 2019-11."""
    release = entry.release
    name = canonicalize_name(release.name)
    written: dict[str, Any] = {
        "package_name": release.name,
        "package_version": release.version,
        "package_version_requested": entry.requested or release.version,
        "index_url": entry.index_url,
        "sha256": release.sha256,
        "importlib_metadata": {
            "version": release.version,
            "requires": release.requires_dist or None,
            "entry_points": [],
            "metadata": _core_metadata(release),
        },
        "dependencies": [_dependency(dependency) for dependency in entry.dependencies],
    }
    if tool >= _IMPORT_NAMES:
        written["packages"] = _IMPORTED_AS.get(name, [name.replace("-", "_")])
    if tool >= _LICENSE:
        written["package_license"] = _license(release)
    else:
        # Since then, solvers ran with "limited output". The snapshot knows no files: an empty list.
        written["importlib_metadata"]["files"] = []
    return written


def form_of_2020(run: Run) -> dict[str, Any]:
    """Return the document of a run as thoth-solver 1.4 to 1.15 wrote it (November 2019 on), by the tool's release."""
    tool = Version(run.solver.analyzer_version)
    duration = 2 + draw("duration", *run.key) % 55
    metadata = _metadata(run, duration)
    arguments = metadata["arguments"]
    identifier = document_id(run)
    arguments["python"]["output"] = f"/mnt/workdir/{identifier}"
    arguments["python"]["virtualenv"] = "/home/solver/venv"
    if tool >= _IMPORT_NAMES:
        arguments["cli.py"] = arguments.pop("thoth-solver")
        arguments["python"]["limited_output"] = tool >= _LICENSE
    result: dict[str, Any] = {
        "environment": run.solver.markers(),
        "environment_packages": [{"package_name": "pipdeptree", "package_version": "2.0.0"}],
        "tree": [_entry(entry, tool) for entry in run.tree],
        "errors": [
            {
                "package_name": failure.package_name,
                "package_version": failure.package_version,
                "index_url": failure.index_url,
                "type": failure.kind,
                "details": _details(run, failure),
                "is_provided_package": failure.is_provided_package,
                "is_provided_package_version": failure.is_provided,
            }
            for failure in run.errors
        ],
        "unresolved": [
            {
                "package_name": u.package_name,
                "version_spec": u.version_spec,
                "index_url": u.index_url,
                "is_provided_package": u.is_provided_package,
                "is_provided_package_version": False if u.is_provided_package else None,
            }
            for u in run.unresolved
        ],
        "unparsed": [{"requirement": text, "details": details} for text, details in run.unparsed],
    }
    if tool >= _PLATFORM:
        result["platform"] = "linux-x86_64"
    return {
        "metadata": {
            **metadata,
            "document_id": identifier,
            "duration": duration,
            "hostname": f"{identifier}-{draw('pod', *run.key) % 10**10}",
            "os_release": run.solver.os_release(),
            "thoth_deployment_name": "ocp4-stage" if run.started >= _IDS_WITH_TIME else "thoth-psi-stage",
        },
        "result": result,
    }


def document(run: Run) -> dict[str, Any]:
    """Return the document of a run in the form that its solver wrote."""
    old = Version(run.solver.analyzer_version) < _IMPORTLIB_METADATA
    return form_of_2019(run) if old else form_of_2020(run)
