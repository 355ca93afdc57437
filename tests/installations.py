"""Environments that the library is installed into, as users do, without a package index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.conftest import ROOT

NOT_SOURCE = shutil.ignore_patterns(
    ".*cache*", ".benchmarks", ".git", ".venv*", ".hypothesis", "__pycache__", "*.egg-info", "build", "dist"
)
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command without the variables of this Python; return what it wrote."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    words = list(map(str, command))
    done = subprocess.run(words, cwd=cwd, env=clean | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copy_of_the_checkout(folder: Path) -> Path:
    """Copy the source tree into a folder, so that a build leaves nothing behind in it; return the path of the copy."""
    copy = folder / "thoth-storages"
    shutil.copytree(ROOT, copy, ignore=NOT_SOURCE)
    return copy


def wheel_of(source: Path, out: Path) -> Path:
    """Build a wheel of a source tree or a source distribution; return its path."""
    run(*PIP, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", out, source, cwd=out)
    (path,) = out.glob("*.whl")
    return path


class Environment:
    """A virtual environment without thoth-storages, which sees the dependencies of the one that runs the tests."""

    def __init__(self, folder: Path, dependencies: list[Path] | None = None) -> None:
        """Make it.

        Args:
            folder: where it is made.
            dependencies: folders that it finds modules in; those of this Python, when not given.

        """
        self.folder = folder
        run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
        self.python = folder / "bin" / "python"
        self.empty = folder / "empty"
        self.empty.mkdir()
        (site_packages,) = self.ask("import sysconfig; print(sysconfig.get_path('purelib'))")
        # A path that comes from a .pth file is not searched for .pth files: an editable install stays out of sight.
        paths = dict.fromkeys(dependencies or map(Path, [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))
        Path(site_packages, "dependencies.pth").write_text("".join(f"{path}\n" for path in paths))

    def install(self, *what: str | Path) -> None:
        """Install without dependencies and without a package index."""
        options = ["--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed"]
        run(*PIP, "--python", self.python, "install", *options, *what, cwd=self.empty)

    def ask(self, code: str) -> list[str]:
        """Run Python code in an empty folder; return the lines that it prints."""
        return run(self.python, "-W", "error", "-c", code, cwd=self.empty).splitlines()
