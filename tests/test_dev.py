"""Which Pythons `dev.py pythons` takes, and what it says of those that it does not find."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import dev

THIS = sys.version_info[1]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with no other Python: its PATH and its home are empty."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(dev, "MINORS", (THIS, THIS + 1, THIS + 2))
    return tmp_path


def program(path: Path, status: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_this_python_tries_sqlalchemy_where_there_is_no_other(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (environment,) = dev.wanted("pythons")
    assert environment == (f".venv-3.{THIS}-sqlalchemy-2.0", sys.executable, ("SQLAlchemy==2.0.*",))
    assert capsys.readouterr().err == f"dev.py: not found, and not tried: Python 3.{THIS + 1}, 3.{THIS + 2}\n"


def test_pythons_of_path_and_of_a_version_manager(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A version manager puts a name on PATH that starts nothing.
    program(nowhere / "bin" / f"python3.{THIS + 1}", 127)
    managed = program(nowhere / "home" / ".pyenv" / "versions" / f"3.{THIS + 1}.4" / "bin" / "python", 0)
    on_path = program(nowhere / "bin" / f"python3.{THIS + 2}", 0)
    with_older_sqlalchemy, locked = dev.wanted("pythons")
    assert (with_older_sqlalchemy.python, with_older_sqlalchemy.bounds) == (managed, ("SQLAlchemy==2.0.*",))
    assert locked == (f".venv-3.{THIS + 2}", on_path, ())
    assert capsys.readouterr().err == ""


def test_a_bound_takes_the_place_of_the_lock() -> None:
    names = [line.partition("==")[0] for line in dev.locked_requirements()]
    assert "sqlalchemy" in names
    without = {dev.normal_name("SQLAlchemy==2.0.*")}
    assert [line.partition("==")[0] for line in dev.locked_requirements(without)] == [
        name for name in names if name != "sqlalchemy"
    ]


@pytest.mark.parametrize("requirement", ["Zope.Interface>=1", "zope-interface[extra]==2 ; x", "zope__interface"])
def test_names_of_requirements(requirement: str) -> None:
    assert dev.normal_name(requirement) == "zope-interface"


def test_what_is_tried_is_there() -> None:
    assert all((dev.ROOT / path.partition("::")[0]).exists() for path in dev.TRIED)
