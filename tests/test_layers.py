"""Arrows point down: the contracts of pyproject.toml hold, and each of them can be broken."""

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import thoth.storages

ROOT = Path(__file__).resolve().parent.parent


def lint_imports(tree: Path) -> tuple[int, str]:
    """Exit status and text of import-linter over a tree; some releases colour it whatever they write to."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return done.returncode, re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)


def test_contracts_hold() -> None:
    status, said = lint_imports(ROOT)
    assert status == 0, said


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("normalize", "from thoth.storages import config", "thoth.storages: arrows point down"),
        ("exceptions", "from thoth.storages import graph", "thoth.storages: arrows point down"),
        ("graph/models_base", "from thoth.storages.graph import filters", "thoth.storages.graph: arrows point down"),
        ("graph/upsert", "from thoth.storages.graph import sql_base", "thoth.storages.graph: arrows point down"),
        ("graph/queries/unplaced", "", None),
        ("graph/unplaced", "", "thoth.storages.graph: arrows point down"),
        ("graph/filters", "import boto3", "thoth.storages.graph knows no store and no command line"),
        ("graph/filters", "import click", "thoth.storages.graph knows no store and no command line"),
        ("documents/base", "import sqlalchemy", "thoth.storages.documents knows no database and no object store"),
        ("documents/base", "import boto3", "thoth.storages.documents knows no database and no object store"),
    ],
)
def test_a_wrong_import_breaks_its_contract(tmp_path: Path, module: str, statement: str, contract: str | None) -> None:
    shutil.copytree(ROOT / "thoth", tmp_path / "thoth", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "thoth" / "storages" / f"{module}.py").open("a") as file:
        file.write(f"\n{statement}\n")
    status, said = lint_imports(tmp_path)
    broken = re.findall(r"^(.+) BROKEN", said, re.MULTILINE)
    assert contract in broken if contract else not broken, said
    assert status == (1 if broken else 0), said


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import thoth.storages", {"sqlalchemy", "psycopg2", "msgspec", "boto3", "botocore", "click", "urllib3"}),
        ("from thoth.storages import *", {"boto3", "botocore", "click", "urllib3"}),
        ("from thoth.storages import SolverResultsStore", {"sqlalchemy", "psycopg2", "boto3", "botocore"}),
    ],
)
def test_what_an_import_does_not_load(statement: str, unwanted: set[str]) -> None:
    code = f"{statement}\nimport sys\nprint(sorted({unwanted} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_module_is_imported_without_a_warning() -> None:
    code = """
import pkgutil, sys, thoth.storages
modules = [module.name for module in pkgutil.walk_packages(thoth.storages.__path__, "thoth.storages.")]
assert len(modules) > 100
for name in modules:
    if not name.endswith(".__main__"):
        __import__(name)
"""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_are_where_the_package_says() -> None:
    assert sorted({*thoth.storages._MODULES, "__version__"}) == sorted(thoth.storages.__all__)
    assert set(thoth.storages.__all__) <= set(dir(thoth.storages))
    for name in thoth.storages.__all__:
        assert getattr(thoth.storages, name) is not None
    assert inspect.ismodule(thoth.storages.graph)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        thoth.storages.nothing  # type: ignore[attr-defined]  # noqa: B018
