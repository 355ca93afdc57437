"""Nothing that is read is run: no pickle, no `eval`, and YAML by the safe loader alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = sorted((ROOT / "thoth").rglob("*.py"))
MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dbm", "dill", "cloudpickle", "joblib"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
LOADERS = {"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all"}
SAFE = {"yaml.SafeLoader", "yaml.CSafeLoader"}


def found(source: str) -> list[str]:
    """Return what a module does that it must not, with the lines."""
    told = []
    module = ast.parse(source)
    safe = safe_loaders(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            told += [f"{node.lineno}: imports {name}" for name in names if name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            of, _, name = called.rpartition(".")
            is_unsafe = of == "yaml" and name in LOADERS and not safe & set(map(ast.unparse, loaders(node)))
            if called in BUILTINS or is_unsafe:
                told.append(f"{node.lineno}: calls {called}")
    return told


def safe_loaders(module: ast.Module) -> set[str]:
    """Return what can be given to `yaml.load`: safe loaders, classes of them, and names that stand for them alone."""
    safe = set(SAFE)
    for node in module.body:
        if isinstance(node, ast.ClassDef) and SAFE & set(map(ast.unparse, node.bases)):
            safe.add(node.name)
        elif isinstance(node, ast.Assign):
            named = set(re.findall(r"\w*Loader", ast.unparse(node.value)))
            if named and named <= {loader.removeprefix("yaml.") for loader in SAFE}:
                safe |= set(map(ast.unparse, node.targets))
    return safe


def loaders(call: ast.Call) -> list[ast.expr]:
    """Return what may be the loader of a call of `yaml.load`."""
    return [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "Loader")]


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, marshal as m",
        "from pickle import loads",
        "import shelve.x",
        "eval('1')",
        "def f(): exec(code)",
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "import yaml\nyaml.load(text, yaml.FullLoader)",
        "import yaml\nyaml.unsafe_load(text)",
        "import yaml\nclass Mine(yaml.Loader): pass\nyaml.load(text, Loader=Mine)",
        "import yaml\nMINE = getattr(yaml, 'CLoader', yaml.SafeLoader)\nyaml.load(text, Loader=MINE)",
    ],
)
def test_is_found(source: str) -> None:
    assert len(found(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "yaml.safe_load(text)",
        "class Mine(yaml.SafeLoader): pass\nyaml.load(text, Loader=Mine)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "MINE = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)\nyaml.load(text, Loader=MINE)",
        "re.compile(x)",
        "session.exec(x)",
    ],
)
def test_harmless(source: str) -> None:
    assert found(source) == []


def test_nothing_that_is_read_is_run() -> None:
    assert len(SOURCES) > 100
    told = {str(Path(path).relative_to(ROOT)): found(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {name: lines for name, lines in told.items() if lines} == {}
