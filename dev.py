#!/usr/bin/env python3
"""Run a step of development in an environment of its own, which is made when it is missing or out of date.

    python3 dev.py demo     a knowledge graph from made-up documents, in a minute, with nothing set up
    python3 dev.py test     the test suite

Python 3.11 or newer is all it needs: this file uses the standard library alone. The environment is ``.venv`` beside
this file; every release in it is the one that Pipfile.lock names, checked against its hash.
"""

# Annotations are quoted, so that a Python as old as 3.6 reads this file far enough to say what is missing.
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

MINIMUM = (3, 11)
ROOT = Path(__file__).resolve().parent
STAMP = "thoth-storages.stamp"
ENVIRONMENT_FILES = ("Pipfile.lock", "pyproject.toml", "setup.py", "dev.py")
PYTHONS_ON_PATH = ("python3", *(f"python3.{minor}" for minor in range(20, MINIMUM[1] - 1, -1)))
PYTEST = ["python", "-m", "pytest", "-n", "2", "--dist", "loadgroup"]

# What `pythons` tries: the versions of Python, where they are besides PATH, and the tests: some of each part that has
# to do with an answer, which take half a minute.
MINORS = (11, 12, 13, 14)
PYTHONS_ELSEWHERE = (".pyenv/versions/3.{}.*/bin/python", ".local/share/uv/python/cpython-3.{}.*/bin/python")
TRIED = [
    "tests/test_layers.py::test_every_module_is_imported_without_a_warning",
    "tests/test_cli.py::test_as_a_module",
    "tests/test_cli.py::TestGraphCache",
    "tests/test_logging.py",
    "tests/documents/test_solver.py",
    "tests/documents/test_inspection.py",
    "tests/documents/test_threads.py",
    "tests/graph/queries/test_paging.py",
    "tests/graph/test_cache.py",
    "tests/graph/test_cache_file.py",
    "tests/graph/test_cached_reads.py",
    "tests/graph/test_connections.py",
    "tests/graph/test_upsert.py",
]

# A step is its help and its commands. The first word of a command is a program of the environment; the words that
# the caller adds go to the last command.
STEPS: "dict[str, tuple[str, list[list[str]]]]" = {
    "demo": ("a knowledge graph from made-up documents, from start to answer", [["python", "examples/demo.py"]]),
    "test": ("the tests, on two cores; words after it go to pytest", [PYTEST]),
    # One by one, and not captured: what they print is their seeds and figures.
    "torture": (
        "the tests that break things, for minutes; TORTURE_SEED=N repeats a run",
        [["python", "-m", "pytest", "-m", "torture", "-s"]],
    ),
    "oldest": ("the tests, with the oldest dependencies that are allowed", [PYTEST]),
    "pythons": (
        "a part of the tests with each other Python that is found, the first of them with SQLAlchemy 2.0",
        [[*PYTEST, *TRIED]],
    ),
    "lint": (
        "formatting, lint rules, import contracts",
        [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["lint-imports", "--no-cache", "--no-logo"]],
    ),
    "format": ("format the code and apply the safe fixes", [["ruff", "check", "--fix", "."], ["ruff", "format", "."]]),
    "types": ("mypy, strict", [["mypy"]]),
    "pictures": ("the pictures of the tables in docs/, from the models", [["python", "docs/pictures.py"]]),
    "bench": (
        "benchmarks beside 0.74.1 and the bare drivers, into docs/benchmarks.rst; words after it go to them",
        [["python", "-m", "benchmarks"]],
    ),
    "package": (
        "the source distribution and the wheel, into dist/, checked as a package index would, and for what is in them",
        [
            ["python", "-m", "build", "--no-isolation", "--outdir", "dist"],
            ["twine", "check", "--strict", "dist/*"],
            ["check-wheel-contents", "dist"],
        ],
    ),
    "docs": (
        "the documentation, into docs/_build/html, and whether its links lead somewhere",
        [
            ["python", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html"],
            ["python", "docs/links.py", "docs/_build/html"],
        ],
    ),
    "links": (
        "the links that leave the documentation; it takes a network, so it is not part of .ci/run",
        [["python", "-m", "sphinx", "-q", "-b", "linkcheck", "docs", "docs/_build/links"]],
    ),
}


class Environment(NamedTuple):
    """A virtual environment to run a step in."""

    name: str
    """Its folder, beside this file."""
    python: str = sys.executable
    """The interpreter that it is made of."""
    bounds: "tuple[str, ...]" = ()
    """Requirements that take the place of what the lock says of the same distributions."""


def main(arguments: "list[str] | None" = None) -> int:
    """Run the step that ``arguments`` name.

    Returns:
        The exit status of the first command that failed, or 0.
    """
    options = parse(arguments)
    if sys.version_info[:2] < MINIMUM:
        return run_with_newer_python(arguments)
    try:
        if options.here:
            return run_step(Path(sys.executable).parent, options.step, options.words)
        statuses = []
        for environment in wanted(options.step):
            programs = programs_of(environment)
            if environment.name != ".venv":
                say(f"{options.step} in {environment.name}")
            statuses.append(run_step(programs, options.step, options.words))
        return next(filter(None, statuses), 0)
    except subprocess.CalledProcessError as error:
        say(f"failed with exit status {error.returncode}: {' '.join(map(str, error.cmd))}")
        return error.returncode if error.returncode > 0 else 1
    except KeyboardInterrupt:
        return 130


def parse(arguments: "list[str] | None") -> argparse.Namespace:
    """Read the command line into ``here``, ``step`` and ``words``; exit with status 2 when it cannot be read."""
    steps = "\n".join(f"  {name:8} {explanation}" for name, (explanation, _) in STEPS.items())
    parser = argparse.ArgumentParser(
        prog="dev.py", epilog=f"steps:\n{steps}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--here", action="store_true", help="use the environment of this very Python; install nothing")
    parser.add_argument("step", choices=list(STEPS), metavar="step", help="one of those below")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="more words for the last command of the step")
    return parser.parse_args(arguments)


def say(message: str) -> None:
    """Tell people what goes on, and leave standard output to the step."""
    print(f"dev.py: {message}", file=sys.stderr, flush=True)


def run_with_newer_python(arguments: "list[str] | None") -> int:
    """Start this file again with a Python that is new enough, or say that there is none."""
    check = f"import sys; sys.exit(sys.version_info[:2] < {MINIMUM})"
    for name in PYTHONS_ON_PATH:
        path = shutil.which(name)
        # Version managers put names on PATH that start nothing, so each is tried.
        if path and subprocess.call([path, "-c", check], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            words = sys.argv[1:] if arguments is None else arguments
            return subprocess.call([path, __file__, *words])
    wanted, found = ".".join(map(str, MINIMUM)), ".".join(map(str, sys.version_info[:3]))
    say(f"Python {wanted} or newer is needed; this is {found} and PATH has no newer one")
    return 1


def wanted(step: str) -> "list[Environment]":
    """Return the environments that a step is run in, one after the other."""
    if step == "oldest":
        return [Environment(".venv-oldest", bounds=tuple(oldest_dependencies()))]
    if step != "pythons":
        return [Environment(".venv")]
    found = {minor: find_python(minor) for minor in MINORS if (3, minor) != sys.version_info[:2]}
    missing = [f"3.{minor}" for minor, python in found.items() if python is None]
    pythons = [(f"3.{minor}", python) for minor, python in found.items() if python is not None]
    if missing:
        say(f"not found, and not tried: Python {', '.join(missing)}")
    version = ".".join(map(str, sys.version_info[:2]))
    (first, python), *others = pythons or [(version, sys.executable)]
    return [
        Environment(f".venv-{first}-sqlalchemy-2.0", python, ("SQLAlchemy==2.0.*",)),
        *(Environment(f".venv-{version}", python) for version, python in others),
    ]


def find_python(minor: int) -> "str | None":
    """Return the path of a Python 3 of that minor version that can make an environment; None when there is none."""
    elsewhere = [path for pattern in PYTHONS_ELSEWHERE for path in sorted(Path.home().glob(pattern.format(minor)))]
    check = f"import sys, ensurepip; sys.exit(sys.version_info[:2] != (3, {minor}))"
    for path in filter(None, [shutil.which(f"python3.{minor}"), *map(str, elsewhere)]):
        # Version managers put names on PATH that start nothing, so each is tried.
        if subprocess.call([path, "-c", check], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def run_step(programs: Path, step: str, words: "list[str]") -> int:
    """Run the commands of a step with the programs of one environment; stop at the first that fails."""
    _, commands = STEPS[step]
    # The environment's programs also have to find each other, as a test that starts `thoth-storages` does.
    variables = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    for number, (program, *rest) in enumerate(commands, start=1):
        command = [str(programs / program), *rest, *(words if number == len(commands) else [])]
        status = subprocess.call(command, cwd=ROOT, env=variables)
        if status:
            say(f"{step} failed (exit status {status}): {' '.join([program, *rest])}")
            return status if status > 0 else 1
    return 0


def programs_of(environment: Environment) -> Path:
    """Make a virtual environment, or bring it up to date.

    Returns:
        The folder of its programs.

    Raises:
        subprocess.CalledProcessError: The environment could not be made; what failed has said why.
        SystemExit: Its Python can make no environment.
    """
    folder = ROOT / environment.name
    python = folder / "bin" / "python"
    version = version_of(python)
    if version is None:
        say(f"making {environment.name} with {environment.python}; this takes about a minute, once")
        make_environment(folder, environment.python)
        version = version_of(python)
    state = hashlib.sha256(f"{ROOT}\n{version}\n{environment.bounds}\n".encode())
    for file in ENVIRONMENT_FILES:
        state.update((ROOT / file).read_bytes())
    stamp = folder / STAMP
    if not stamp.exists() or stamp.read_text() != state.hexdigest():
        install(python, folder, environment.bounds)
        stamp.write_text(state.hexdigest())
    return python.parent


def version_of(python: Path) -> "str | None":
    """Return the version that an environment's Python prints; None when it is missing, broken or too old."""
    question = f"import sys, pip; print(sys.version); sys.exit(sys.version_info[:2] < {MINIMUM})"
    try:
        answer = subprocess.run([str(python), "-c", question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout


def make_environment(folder: Path, python: str = sys.executable) -> None:
    """Make an empty virtual environment that has pip, with whichever tool a Python has.

    Debian leaves ``ensurepip`` out of Python, and a ``venv`` without it has no pip; virtualenv brings its own pip,
    and an installed pip can install another one.
    """
    commands = {
        "ensurepip": [["venv", "--clear", str(folder)]],
        "virtualenv": [["virtualenv", "--quiet", "--clear", str(folder)]],
        "pip": [
            ["venv", "--clear", "--without-pip", str(folder)],
            ["pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "pip"],
        ],
    }
    for module, steps in commands.items():
        if subprocess.call([python, "-c", f"import {module}"], stderr=subprocess.DEVNULL) == 0:
            for step in steps:
                subprocess.run([python, "-m", *step], check=True)
            return
    say(f"{python} has neither ensurepip, virtualenv nor pip; install one (on Debian: python3-venv)")
    raise SystemExit(1)


def install(python: Path, folder: Path, bounds: "tuple[str, ...]") -> None:
    """Install the locked releases, then the library itself in place.

    The lock is made on one platform. What another one needs besides comes with the second command, which installs
    nothing more than the library and what has bounds where the lock is complete.
    """
    say(f"installing what Pipfile.lock names into {folder.name}")
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-compile"]
    locked = folder / "locked.txt"
    locked.write_text("\n".join(locked_requirements({normal_name(bound) for bound in bounds})))
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(locked)], check=True)
    constraints = folder / "bounds.txt"
    constraints.write_text("\n".join(bounds))
    project = f"{ROOT}[embedded,schema,test]"
    subprocess.run([*pip, "--no-build-isolation", "-c", str(constraints), "-e", project], check=True)


def locked_requirements(without: "set[str] | frozenset[str]" = frozenset()) -> "list[str]":
    """Return the releases that Pipfile.lock holds, as lines of a requirements file with hashes."""
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    lines = {}
    for name, entry in [*lock["default"].items(), *lock["develop"].items()]:
        if normal_name(name) not in without:
            marker = f" ; {entry['markers']}" if "markers" in entry else ""
            hashes = " ".join(f"--hash={hash_}" for hash_ in entry["hashes"])
            lines[name] = f"{name}{entry['version']}{marker} {hashes}"
    return [lines[name] for name in sorted(lines)]


def normal_name(requirement: str) -> str:
    """Return the name of the distribution that a requirement begins with, as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def oldest_dependencies() -> "list[str]":
    """Return the lower bound of every dependency in pyproject.toml, as pins."""
    import tomllib  # not there in the old Pythons that this file sends on to a newer one

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [line.split(",")[0].replace(">=", "==") for line in project["dependencies"]]


if __name__ == "__main__":
    sys.exit(main())
