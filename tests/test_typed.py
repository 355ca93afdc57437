"""Services check their own programs with mypy: what they see is that of the wheel, with no stub package beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installations import Environment, copy_of_the_checkout, wheel_of

PROGRAMS = ROOT / "tests" / "typed"
# Stubs of what the library uses: its own tests need them, services do not have them.
STUBS = ("*-stubs", "mypy_boto3_s3", "types_boto3*")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, set[str]]]:
    """The codes of the errors that mypy found, by program and line."""
    folder = tmp_path_factory.mktemp("typed")
    dependencies = folder / "dependencies"
    dependencies.mkdir()
    for path in {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}:
        for entry in path.iterdir():
            if not any(entry.match(pattern) for pattern in (*STUBS, "*.pth", "thoth*")):
                (dependencies / entry.name).symlink_to(entry)
    environment = Environment(folder / "environment", [dependencies])
    (folder / "wheel").mkdir()
    environment.install(wheel_of(copy_of_the_checkout(folder), folder / "wheel"))
    for program in PROGRAMS.glob("*.py"):
        shutil.copy(program, environment.empty)
    options = ["--strict", "--python-executable", str(environment.python), "--cache-dir", str(folder / "mypy")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--no-error-summary", "--no-pretty", "right.py", "wrong.py"],
        cwd=environment.empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(\w+\.py):(\d+): (?:note: .*|error: .*\[([\w-]+)\])", line)
        assert match, done.stdout
        if match[3]:
            found[match[1]][int(match[2])].add(match[3])
    return found


def test_a_right_program_passes_strictly(said: dict[str, dict[int, set[str]]]) -> None:
    assert said["right.py"] == {}


def test_misuse_is_refused(said: dict[str, dict[int, set[str]]]) -> None:
    lines = enumerate((PROGRAMS / "wrong.py").read_text().splitlines(), start=1)
    expected = {number: set(line.partition("  # ")[2].split()) for number, line in lines if "  # " in line}
    assert len(expected) > 10
    assert said["wrong.py"] == expected
