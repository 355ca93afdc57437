"""The tutorial of a new performance indicator is followed to the letter, in a copy of the checkout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.databases import missing_database
from tests.test_docs_examples import MODELS_FILE, Block, blocks
from tests.tutorials import copy_checkout, shell

BLOCKS = blocks("performance-indicators")


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout with the files of the page, and the commands of a shell."""
    copy_checkout(tmp_path)
    for block in BLOCKS:
        if block.file == MODELS_FILE.name:
            before, mark, after = (
                (tmp_path / MODELS_FILE).read_text(encoding="utf-8").partition("ALL_PERFORMANCE_MODELS: ")
            )
            assert mark
            (tmp_path / MODELS_FILE).write_text(f"{before}{block.body}\n\n{mark}{after}", encoding="utf-8")
        elif block.file:
            (tmp_path / block.file).write_text(block.body, encoding="utf-8")
    return tmp_path


def test_new_indicator_from_the_script_to_the_answer(checkout: Path, worker_id: str) -> None:
    migration, answer = of_language("sh")
    (expected,) = of_language("text")
    with missing_database(f"thoth_docs_indicator_{worker_id}"):
        made = shell(checkout, migration.body)
        assert made.returncode == 0, made.stderr
        assert "No new upgrade operations detected." in made.stdout
        (revision,) = (checkout / "alembic" / "versions").glob("*_time_of_sorting.py")
        written = revision.read_text(encoding="utf-8")
        assert (written.count("op.create_table("), written.count("op.drop_table(")) == (1, 1)
        assert re.search(r"create_table\(\s*['\"]pi_sort['\"]", written)
        done = shell(checkout, answer.body)
        assert (done.returncode, done.stdout) == (0, expected.body), done.stderr
        again = shell(checkout, "python ask.py")
        assert (again.returncode, again.stdout) == (0, expected.body), again.stderr


def test_without_the_class_the_inspection_is_refused(checkout: Path, worker_id: str) -> None:
    """The page would not work without its class: it is the one thing that is added."""
    shutil.copy(ROOT / MODELS_FILE, checkout / MODELS_FILE)
    with missing_database(f"thoth_docs_indicator_{worker_id}"):
        done = shell(checkout, "thoth-storages schema upgrade\npython run_inspection.py\npython ask.py")
    assert done.returncode != 0
    assert "PerformanceIndicatorNotRegistered: no performance indicator is called 'PiSort'" in done.stderr
