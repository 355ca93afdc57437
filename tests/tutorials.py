"""A copy of the checkout in which a tutorial is followed to the letter, and a shell that runs what is in the copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def copy_checkout(folder: Path) -> None:
    """Copy what a tutorial changes, with the commands that it calls: ``thoth-storages``, ``alembic``, ``python``."""
    for name in ("alembic", "thoth"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "thoth-storages"):
        shutil.copy(ROOT / name, folder)
    programs = folder / "bin"
    programs.mkdir()
    starts = {"thoth-storages": str(folder / "thoth-storages"), "alembic": "-m alembic", "python": ""}
    for name, start in starts.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {start} "$@"\n')
        (programs / name).chmod(0o755)


def shell(folder: Path, lines: str) -> subprocess.CompletedProcess[str]:
    """Run lines in a shell that finds the commands of the copy, then ruff and its like, up to the first that fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    programs = (str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    environment["PATH"] = os.pathsep.join(programs)
    environment["PYTHONPATH"] = str(folder)
    return subprocess.run(
        ["bash", "-e", "-c", lines], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
