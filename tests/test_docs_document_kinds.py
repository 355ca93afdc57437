"""The tutorial of a new kind of document is followed to the letter, in a copy of the checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.databases import missing_database
from tests.test_docs_examples import Block, blocks
from tests.tutorials import copy_checkout, shell

BLOCKS = blocks("document-kinds")


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def changed(source: str, diff: str) -> str:
    """Return a text with the hunks of a diff applied, each of which has to fit in one place."""
    for hunk in re.split(r"^@@\n", diff, flags=re.MULTILINE)[1:]:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] or line for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or line for line in lines if not line.startswith("-"))
        assert source.count(before) == 1, hunk
        source = source.replace(before, after)
    return source


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout with the files and changes of the page, and the commands of a shell."""
    copy_checkout(tmp_path)
    for block in BLOCKS:
        path = tmp_path / block.file
        if block.language == "diff":
            path.write_text(changed(path.read_text(encoding="utf-8"), block.body), encoding="utf-8")
        elif block.file:
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
    return tmp_path


def test_new_kind_from_the_document_to_the_answer(checkout: Path, worker_id: str) -> None:
    migration, answer = of_language("sh")
    (expected,) = of_language("text")
    with missing_database(f"thoth_docs_kind_{worker_id}"):
        made = shell(checkout, migration.body)
        assert made.returncode == 0, made.stderr
        assert "No new upgrade operations detected." in made.stdout
        (revision,) = (checkout / "alembic" / "versions").glob("*_licences_of_releases.py")
        assert re.search(r"create_table\(\s*['\"]license_checker_run['\"]", revision.read_text(encoding="utf-8"))
        done = shell(checkout, answer.body)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(expected.body), done.stdout


def test_code_of_the_page_is_formatted_and_keeps_to_the_rules(checkout: Path) -> None:
    (checkout / "tests").mkdir()  # for the rules of its layers, which name the whole of the checkout
    done = shell(checkout, "ruff format --check thoth && ruff check thoth && lint-imports --no-cache --no-logo")
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_files_of_the_checkout_that_the_table_names_are_touched() -> None:
    page = (ROOT / "docs" / "document-kinds.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   \* - ``([\w/<>.]+)``", page, re.MULTILINE)
    touched = {block.file.removeprefix("thoth/storages/") for block in BLOCKS if block.file}
    for place in listed:
        pattern = re.sub(r"<\w+>", r"\\w+", place.replace(".", r"\.").replace("+", ""))
        assert any(re.match(pattern, file) for file in touched), place


def test_a_hunk_that_fits_nowhere_fails() -> None:
    with pytest.raises(AssertionError):
        changed("one\ntwo\n", "@@\n three\n+four\n")
    assert changed("one\ntwo\n", "@@\n one\n-two\n+three\n") == "one\nthree\n"
