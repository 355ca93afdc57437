"""The configuration of `graph-cache`: what is wrong is told by file and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import EXAMPLES
from thoth.storages.exceptions import ConfigurationError
from thoth.storages.graph.cache_config import read_cache_config


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conf.yaml"


def test_example() -> None:
    assert read_cache_config(EXAMPLES / "cache_conf.yaml").python_packages == [
        "boto3",
        "flask",
        "jupyterlab",
        "pandas",
        "requests",
        "sphinx",
    ]


def test_no_packages_are_a_list_too(path: Path) -> None:
    path.write_text("python-packages: []\n")
    assert read_cache_config(path).python_packages == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "got `null`"),
        ("flask", "got `str`"),
        ("- flask\n- sphinx\n", "got `array`"),
        ("{}", "missing required field `python-packages`"),
        ("python_packages: [flask]", "`python-packages`|`python_packages`"),
        ("python-packages: [flask]\nenvironments: []", "unknown field `environments`"),
        ("python-packages:", r"got `null` - at `\$\.python-packages`"),
        ("python-packages: flask", r"got `str` - at `\$\.python-packages`"),
        ("python-packages: {flask: 1}", r"got `object` - at `\$\.python-packages`"),
        ("python-packages: [flask, 1]", r"got `int` - at `\$\.python-packages"),
        ("python-packages: [[flask]]", r"got `array` - at `\$\.python-packages"),
        ("python-packages: [flask, '  ']", r"\$\.python-packages\[1\]: empty"),
        ("python-packages: [''", "not YAML"),
        ("python-packages: [flask]\n---\npython-packages: [sphinx]\n", "not YAML"),
        ("a: &names [flask]\npython-packages: *names\n", "aliases are not allowed"),
        ("python-packages: [!!python/object/apply:os.getcwd []]", "not YAML"),
        ("python-packages: [\0]", "not YAML"),
        ("[" * 5000, "not YAML"),
        ("".join(" " * depth + "-\n" for depth in range(1000)), "nested more than 20 levels"),
        ("? " * 100_000, "not YAML"),
        ("{a: " * 19 + "[]" + "}" * 19, "unknown field `a`"),
        (f"python-packages: [{'9' * 5000}]", "a value of more than 1000 characters"),
        (f"python-packages: [{'1:' * 300_000}1]", "a value of more than 1000 characters"),  # sexagesimal
        (f"python-packages: [{'a' * 1001}]", "a value of more than 1000 characters"),
        (f"!<{'a' * 100_000}> b", "not YAML"),
        ("python-packages: [2021-99-99]", "not YAML: a number, a date or another value that is none"),
        ("python-packages: [!!timestamp flask]", "not YAML: a number, a date or"),
        ("python-packages: [!!bool flask]", "not YAML: a number, a date or"),
        ("python-packages: [!!float flask]", "not YAML: a number, a date or"),
        ("python-packages: [.nan]", r"got `float` - at"),
        ("{[flask]: 1}", "not YAML"),
        ('python-packages: ["\\ud800"]', "not YAML|not the name"),
        ('python-packages: ["\\U00110000"]', "not YAML"),
        ('python-packages: ["a\\0b"]', r"\$\.python-packages\[0\]: not the name of a package: 'a\\x00b'"),
        ("python-packages: [flask, ../x]", r"\$\.python-packages\[1\]: not the name of a package: '../x'"),
        ("python-packages: [flask, 'a\n\nb']", r"\[1\]: not the name"),
        ("python-packages: [flask==1.0]", r"\[0\]: not the name"),
        (f"%YAML {'1' * 5000}.1\n---\na", "not YAML"),
    ],
    ids=lambda value: value[:40],
)
def test_wrong_shapes(path: Path, content: str, reason: str) -> None:
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=reason) as error:
        read_cache_config(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1100


def test_not_utf_8(path: Path) -> None:
    path.write_bytes("python-packages: [fläsk]\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"conf\.yaml: not YAML: 'utf-8' codec"):
        read_cache_config(path)


def test_missing_file_and_folder(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"conf\.yaml: cannot be read: No such file"):
        read_cache_config(path)
    path.mkdir()
    with pytest.raises(ConfigurationError, match=r"conf\.yaml: cannot be read: Is a directory"):
        read_cache_config(path)


def test_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(ConfigurationError, match=r"conf\.yaml: larger than"):
        read_cache_config(path)


def test_file_without_end() -> None:
    with pytest.raises(ConfigurationError, match="^/dev/zero: larger than"):
        read_cache_config(Path("/dev/zero"))


PIECES = (
    "- ",
    "? ",
    ": ",
    "python-packages: ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "\n",
    "  ",
    "'",
    '"',
    "&a ",
    "*a",
    "!!",
    "!",
    "|",
    ">",
)
WORDS = (
    "int",
    "float",
    "timestamp",
    "omap ",
    "binary",
    "flask",
    "1",
    "0x",
    "1e5",
    "~",
    "<<",
    "%",
    "\\",
    "\0",
    "---",
    "\ufeff",
)


@given(st.lists(st.sampled_from(PIECES + WORDS), max_size=30).map("".join) | st.binary(max_size=40))
@example("a: &a [*a]")
@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text(tmp_path: Path, drawn: str | bytes) -> None:
    file = tmp_path / "conf.yaml"
    file.write_bytes(drawn if isinstance(drawn, bytes) else drawn.encode())
    try:
        config = read_cache_config(file)
    except ConfigurationError as error:
        assert str(error).startswith(f"{file}: ")
    else:
        assert all(name.strip() for name in config.python_packages)
