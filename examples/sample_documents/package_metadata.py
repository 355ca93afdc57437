"""Facts about real releases of Python packages: read from a package index by pip, kept in a snapshot.

The snapshot is what the sample documents are made from, so that making them needs no network and gives the same
documents every time.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

INDEX_URL = "https://pypi.org/simple"

# What pip is asked to resolve, at each of the dates below: well-known applications and libraries, some with extras so
# that the dependencies of extras have versions in the snapshot, too. Only wheels are read (nobody's code runs); until
# 2021 some of what JupyterLab needs had none.
EARLY_ROOTS = ("boto3", "flask[dotenv]", "pandas", "pytest", "pytest-cov", "requests[socks]", "sphinx")
ROOTS = (*EARLY_ROOTS, "flask[async]", "jupyterlab", "urllib3[brotli]")
# pip reads markers with the Python that it runs on, so what only an older Python needs is asked for by name.
BACKPORTS = ("exceptiongroup", "importlib-metadata", "importlib-resources", "tomli", "typing-extensions")

RESOLUTIONS = (
    ("3.6", "2018-11-15", ("flask", "requests")),
    ("3.7", "2019-09-10", EARLY_ROOTS),
    ("3.7", "2020-04-20", EARLY_ROOTS),
    ("3.8", "2020-11-15", EARLY_ROOTS),
    ("3.8", "2021-06-30", EARLY_ROOTS),
    ("3.8", "2021-12-15", (*ROOTS, *BACKPORTS)),
    ("3.8", "2022-05-15", (*ROOTS, *BACKPORTS)),
    ("3.8", "2022-10-15", (*ROOTS, *BACKPORTS)),
    ("3.10", "2022-12-20", (*ROOTS, *BACKPORTS)),
    ("3.11", "2023-03-15", (*ROOTS, *BACKPORTS)),
    ("3.11", "2023-08-10", (*ROOTS, *BACKPORTS)),
)
PLATFORMS = ("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64")


@dataclass(frozen=True)
class Release:
    """One version of a package: its core metadata and the digests of those of its files that pip chose.

    ``chosen`` are the dates of ``RESOLUTIONS`` at which pip chose the release: by the first, it was on the index.
    """

    name: str
    version: str
    chosen: list[str]
    requires_dist: list[str]
    requires_python: str | None = None
    provides_extra: list[str] = field(default_factory=list)
    classifier: list[str] = field(default_factory=list)
    project_url: list[str] = field(default_factory=list)
    summary: str | None = None
    home_page: str | None = None
    author: str | None = None
    license: str | None = None
    metadata_version: str = "2.1"
    sha256: list[str] = field(default_factory=list)


def resolve(python_version: str, date: str, requirements: Iterable[str]) -> list[dict[str, Any]]:
    """Ask pip what it would install for requirements at a date; nothing is installed.

    Args:
        python_version: for example ``3.8``.
        date: only what was on the index by this day (ISO 8601) is considered.
        requirements: what to install.

    Returns:
        The items of pip's installation report, one a release.

    Raises:
        subprocess.CalledProcessError: pip could not resolve them, or is older than 26.0 (``--uploaded-prior-to``).

    """
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-input"]
        command += ["--only-binary=:all:", "--python-version", python_version]
        command += [argument for platform in PLATFORMS for argument in ("--platform", platform)]
        command += ["--uploaded-prior-to", date, "--report", str(report), *requirements]
        # Wheels of one's own that a configuration adds have no date: only the index itself is asked. Where it is
        # mirrored, PIP_INDEX_URL says so.
        environment = {k: v for k, v in os.environ.items() if k not in {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"}}
        subprocess.run(command, check=True, env={**environment, "PIP_CONFIG_FILE": os.devnull})
        items: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
        return items


def _one_line(text: str | None) -> str | None:
    """Return short text as it is; null for none and for a whole licence that was written into the field."""
    return text if text and len(text) <= 200 and "\n" not in text else None


def _release(item: dict[str, Any], date: str) -> Release:
    """Return a release from an item of pip's report; descriptions and addresses of people are left out."""
    metadata = item["metadata"]
    return Release(
        name=metadata["name"],
        version=metadata["version"],
        chosen=[date],
        requires_dist=metadata.get("requires_dist", []),
        requires_python=metadata.get("requires_python"),
        provides_extra=metadata.get("provides_extra", []),
        classifier=metadata.get("classifier", []),
        project_url=metadata.get("project_url", []),
        summary=_one_line(metadata.get("summary")),
        home_page=metadata.get("home_page"),
        author=_one_line(metadata.get("author")),
        license=_one_line(metadata.get("license")),
        metadata_version=metadata["metadata_version"],
        sha256=[item["download_info"]["archive_info"]["hashes"]["sha256"]],
    )


def fetch() -> list[Release]:
    """Return the releases that pip chose in any of ``RESOLUTIONS``, sorted by name and version.

    Raises:
        subprocess.CalledProcessError: see :func:`resolve`.

    """
    releases: dict[tuple[str, str], Release] = {}
    for python_version, date, requirements in RESOLUTIONS:
        items = resolve(python_version, date, requirements)
        print(f"Python {python_version} on {date}: {len(items)} releases", file=sys.stderr)
        for item in items:
            release = _release(item, date)
            known = releases.setdefault((canonicalize_name(release.name), release.version), release)
            if known is not release:
                known.chosen.append(date)
                # Another Python may get another file of the same release.
                known.sha256.extend(digest for digest in release.sha256 if digest not in known.sha256)
    return [releases[key] for key in sorted(releases)]


def load(path: Path) -> list[Release]:
    """Return the releases of a snapshot.

    Raises:
        OSError: it cannot be read.

    """
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [Release(**json.loads(line)) for line in stream]


def dump(releases: Iterable[Release], path: Path) -> None:
    """Write a snapshot: one release a line, fields that are not set left out."""
    lines = (
        json.dumps({k: v for k, v in asdict(release).items() if v or k == "requires_dist"}, sort_keys=True)
        for release in releases
    )
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
