"""The configuration of `graph-cache`: what is wrong is told by file and field."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    ],
)
def test_wrong_shapes(path: Path, content: str, reason: str) -> None:
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=reason) as error:
        read_cache_config(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


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
