"""Documents in files: which files count, how they are read, and what is said of those that cannot be."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from thoth.storages.documents.local import find_files, read_documents
from thoth.storages.exceptions import NotFoundError, SchemaError


def test_files_of_a_folder_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.json", "a.jsonl.gz", "sub/c.jsonl", "notes.txt", "d.json.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(file.relative_to(tmp_path)) for file in find_files([tmp_path])]
    assert found == ["a.jsonl.gz", "b.json", "d.json.gz", "sub/c.jsonl"]
    assert find_files([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"]


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no-such-file"):
        find_files([tmp_path / "no-such-file"])


@pytest.mark.parametrize("packed", [False, True])
def test_one_document_a_file_and_one_a_line(tmp_path: Path, packed: bool) -> None:
    suffix = ".gz" if packed else ""
    write = gzip.open if packed else open
    one, several = tmp_path / f"one.json{suffix}", tmp_path / f"several.jsonl{suffix}"
    with write(one, "wt") as file:
        json.dump({"a": 1}, file, indent=2)
    with write(several, "wt") as file:
        file.write('{"a": 1}\n\n{"a": 2}\n')
    assert [(each.source, each.parse()) for each in read_documents(one)] == [(str(one), {"a": 1})]
    found = [(each.source, each.parse()) for each in read_documents(several)]
    assert found == [(f"{several}:1", {"a": 1}), (f"{several}:3", {"a": 2})]
    assert [each.bytes_read for each in read_documents(several)][-1] == several.stat().st_size


@pytest.mark.parametrize("text", ["", "{", "[1]", '"text"', '{"a": 1} x', "\x80"])
def test_what_is_no_document_names_file_and_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b'{"a": 1}\n' + (text or "nothing").encode("latin-1") + b"\n")
    good, bad = read_documents(file)
    assert good.parse() == {"a": 1}
    with pytest.raises(SchemaError) as error:
        bad.parse()
    assert str(error.value).startswith(f"{file}:2: ")


def test_file_that_is_not_packed_or_cut(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(b"not gzip")
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(gzip.compress(b'{"a": 1}' * 100)[:-10])
    for file in (broken, cut):
        with pytest.raises(SchemaError, match=file.name):
            list(read_documents(file))
