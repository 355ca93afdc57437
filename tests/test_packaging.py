"""The wheel and the source distribution are built, installed and used from an empty folder, as users do."""

import ast
import hashlib
import json
import platform
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dev
from tests.installations import Environment, copy_of_the_checkout, run, wheel_of

# Builds and environments are made once, by one worker.
pytestmark = pytest.mark.xdist_group("packaging")

ROOT = Path(__file__).resolve().parent.parent
IMPORTED_FROM = "import thoth.storages, alembic; print(thoth.storages.__file__, alembic.__file__, sep='\\n')"
HEAD = "from thoth.storages import GraphDatabase; print(GraphDatabase().get_script_alembic_version_head())"


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def extras() -> list[str]:
    """The requirements of all extras."""
    return [line for lines in project()["optional-dependencies"].values() for line in lines]


def declared_version() -> str:
    """The version as text, without importing the package."""
    for node in ast.parse((ROOT / "thoth" / "storages" / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            return str(ast.literal_eval(node.value))
    raise AssertionError("thoth/storages/__init__.py assigns no __version__")


def files_below(folder: Path) -> set[str]:
    """The paths of the source files below a folder, relative to it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree, in which an earlier build left a migration that is gone since."""
    copy = copy_of_the_checkout(tmp_path_factory.mktemp("checkout"))
    stale = copy / "build" / "lib" / "thoth" / "storages" / "alembic" / "versions" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.write_text('"""A second head."""\n')
    return copy


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", out, checkout, cwd=out)
    (path,) = out.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module", params=["checkout", "sdist"])
def wheel(request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a checkout and from the source distribution."""
    out = tmp_path_factory.mktemp("wheel")
    source = checkout if request.param == "checkout" else request.getfixturevalue("sdist")
    return wheel_of(source, out)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("installed") / "environment")
    environment.install(wheel)
    return environment


def test_wheel_holds_the_package_and_the_migrations_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {f"thoth/storages/{name}" for name in files_below(ROOT / "thoth" / "storages")}
    migrations = {f"thoth/storages/alembic/{name}" for name in files_below(ROOT / "alembic")}
    assert packed == package | migrations
    assert {f"thoth/storages/{name}" for name in ("alembic/env.py", "alembic/script.py.mako", "py.typed")} <= packed
    assert any(re.fullmatch(r"thoth/storages/alembic/versions/\w+\.py", name) for name in packed)
    assert not {"thoth/__init__.py", "thoth/storages/alembic/__init__.py"} & packed


def test_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    assert f"Version: {declared_version()}" in lines
    assert {"Name: thoth-storages", "License-Expression: GPL-3.0-or-later", "Requires-Python: >=3.11"} <= set(lines)
    assert wheel.name == f"thoth_storages-{declared_version()}-py3-none-any.whl"


def test_installed_wheel_runs_from_an_empty_folder(installed: Environment) -> None:
    assert declared_version() in run(installed.folder / "bin" / "thoth-storages", "--version", cwd=installed.empty)
    package, alembic = installed.ask(IMPORTED_FROM)
    assert Path(package).is_relative_to(installed.folder)
    assert not Path(alembic).is_relative_to(installed.folder)


def test_installed_wheel_finds_its_migrations(installed: Environment) -> None:
    assert installed.ask(HEAD) == run(sys.executable, "-c", HEAD, cwd=ROOT).splitlines()


def test_editable_install_uses_the_checkout(checkout: Path, tmp_path: Path) -> None:
    fresh = Environment(tmp_path / "environment")
    fresh.install("-e", checkout)
    assert declared_version() in run(fresh.folder / "bin" / "thoth-storages", "--version", cwd=fresh.empty)
    package, alembic = fresh.ask(IMPORTED_FROM)
    assert Path(package) == checkout / "thoth" / "storages" / "__init__.py"
    assert not Path(alembic).is_relative_to(checkout)
    assert fresh.ask(HEAD) == run(sys.executable, "-c", HEAD, cwd=ROOT).splitlines()
    # Type checkers follow a path, not an import hook.
    (link,) = fresh.folder.rglob("__editable__*")
    assert link.read_text().strip() == str(checkout)


def test_other_distributions_share_the_namespace(installed: Environment, tmp_path: Path) -> None:
    other = tmp_path / "other" / "thoth" / "common"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("")
    code = (
        f"import sys; sys.path.append({str(tmp_path / 'other')!r}); import thoth.common, thoth.storages; print('both')"
    )
    assert installed.ask(code) == ["both"]


def test_sdist_holds_what_the_commands_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("alembic", "benchmarks", "examples", "tests", "thoth"):
        assert {f"{folder}/{name}" for name in files_below(ROOT / folder)} <= packed
    assert {"LICENSE", "README.rst", "CHANGELOG.md", "Pipfile.lock", "dev.py", "thoth-storages"} <= packed


def test_script_of_the_checkout_needs_no_install(tmp_path: Path) -> None:
    said = run(sys.executable, ROOT / "thoth-storages", "--version", cwd=tmp_path, PYTHONSAFEPATH="1")
    assert declared_version() in said


def test_a_folder_of_the_checkout_does_not_hide_alembic() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert not (ROOT / "thoth" / "__init__.py").exists()
    _, alembic = run(sys.executable, "-c", IMPORTED_FROM, cwd=ROOT).splitlines()
    assert not Path(alembic).is_relative_to(ROOT / "alembic")


def bounds(requirements: list[str]) -> dict[str, str]:
    parsed = map(Requirement, requirements)
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in parsed}


def test_pipfile_and_pyproject_name_the_same_dependencies() -> None:
    pipfile = tomllib.loads((ROOT / "Pipfile").read_text())
    for section, declared in (("packages", project()["dependencies"]), ("dev-packages", extras())):
        assert bounds([name + bound for name, bound in pipfile[section].items()]) == bounds(declared)


def test_lock_is_that_of_the_pipfile_and_names_pypi_alone() -> None:
    pipfile = tomllib.loads((ROOT / "Pipfile").read_text())
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    meta = {"sources": pipfile["source"], "requires": pipfile.get("requires", {})}
    content = {"_meta": meta, "default": pipfile["packages"], "develop": pipfile["dev-packages"]}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert lock["_meta"]["hash"] == {"sha256": digest}
    assert set(re.findall(r"\w+://[^\"]+", (ROOT / "Pipfile.lock").read_text())) == {"https://pypi.org/simple"}


def test_lock_satisfies_the_bounds_and_has_hashes() -> None:
    pins = {}
    for line in dev.locked_requirements():
        requirement, *hashes = line.split(" --hash=")
        assert hashes
        assert all(hash_.startswith("sha256:") for hash_ in hashes)
        parsed = Requirement(requirement)
        pins[canonicalize_name(parsed.name)] = str(parsed.specifier).removeprefix("==")
    for wanted in map(Requirement, [*project()["dependencies"], *extras()]):
        assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), wanted


def test_oldest_dependencies_are_exact_pins() -> None:
    pins = [Requirement(line) for line in dev.oldest_dependencies()]
    assert [pin.name for pin in pins] == [Requirement(line).name for line in project()["dependencies"]]
    assert all(re.fullmatch(r"==[\d.]+", str(pin.specifier)) for pin in pins)


def test_a_python_that_is_too_old_gets_one_clear_line(tmp_path: Path) -> None:
    # Where Python 9 is asked for, this one is too old; what is on PATH has a promising name and starts nothing.
    script = tmp_path / "dev.py"
    script.write_text((ROOT / "dev.py").read_text().replace("MINIMUM = (3, 11)", "MINIMUM = (9, 0)"))
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    done = subprocess.run(
        [sys.executable, script, "test"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    this = platform.python_version()
    assert done.stderr == f"dev.py: Python 9.0 or newer is needed; this is {this} and PATH has no newer one\n"


def test_steps_are_the_same_everywhere() -> None:
    targets = set(re.findall(r"@echo \"make (\w+) ", (ROOT / "Makefile").read_text()))
    assert targets - {"clean"} == set(dev.STEPS)
    (checked,) = re.findall(r"for step in ([\w ]+);", (ROOT / ".ci" / "run").read_text())
    hooks = re.findall(r"entry: python3 dev.py (\w+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert set(hooks) <= set(checked.split()) <= set(dev.STEPS)
    scripts = tomllib.loads((ROOT / "Pipfile").read_text())["scripts"]
    assert scripts == {step: f"python dev.py --here {step}" for step in scripts}
    assert set(scripts) <= set(dev.STEPS)
