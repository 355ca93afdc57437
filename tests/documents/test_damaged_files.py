"""Files that are damaged, deeply nested, or gone: the error names the file, and the line when there is one."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from thoth.storages.documents.local import find_files, read_documents
from thoth.storages.exceptions import NotFoundError, SchemaError

DOCUMENTS = [{"metadata": {"n": number}, "text": "é\u2028"} for number in range(3)]
LINES = "\n".join(json.dumps(document, ensure_ascii=False) for document in DOCUMENTS).encode()


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(lambda packed: packed[: len(packed) // 2], id="cut"),
        pytest.param(lambda packed: packed[:-4] + b"abcd", id="length"),
        pytest.param(lambda packed: packed[:-8] + b"abcd" + packed[-4:], id="checksum"),
        pytest.param(lambda packed: packed[:12] + b"\xff" * 8 + packed[20:], id="stream"),
        pytest.param(lambda packed: b"not packed", id="plain"),
    ],
)
@pytest.mark.parametrize("name", ["a.json.gz", "a.jsonl.gz"])
def test_damaged_file_is_named(tmp_path: Path, name: str, damaged: Callable[[bytes], bytes]) -> None:
    file = tmp_path / name
    file.write_bytes(damaged(gzip.compress(LINES)))
    with pytest.raises(SchemaError, match=rf"^{file}: cannot be read: "):
        list(read_documents(file))


def test_what_comes_before_the_damage_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(LINES + b"\n") + b"\x1f\x8b broken")
    documents = read_documents(file)
    assert [next(documents).parse() for _ in DOCUMENTS] == DOCUMENTS
    with pytest.raises(SchemaError, match=rf"^{file}: cannot be read: "):
        next(documents)


def test_several_packed_parts_are_one_file(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(LINES + b"\r\n\r\n") + gzip.compress(LINES))
    assert [document.parse() for document in read_documents(file)] == DOCUMENTS * 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[" * 100_000, "nested too deeply, beyond THOTH_STORAGES_MAX_DOCUMENT_DEPTH=100 levels$"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b'{"a": "\xff"}', "not JSON: "),
    ],
)
def test_line_that_cannot_be_parsed_takes_no_other_with_it(tmp_path: Path, line: bytes, reason: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\n".join([LINES, line, LINES]))
    documents = list(read_documents(file))
    with pytest.raises(SchemaError, match=rf"^{file}:4: {reason}"):
        documents[3].parse()
    assert [document.parse() for document in (*documents[:3], *documents[4:])] == DOCUMENTS * 2


@pytest.mark.parametrize(("name", "count"), [("a.jsonl", 0), ("a.jsonl.gz", 0), ("a.json", 1), ("a.json.gz", 1)])
def test_empty_file(tmp_path: Path, name: str, count: int) -> None:
    """A file of lines may hold none; a file that is one document has to hold it."""
    file = tmp_path / name
    file.write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
    documents = list(read_documents(file))
    assert len(documents) == count
    for document in documents:
        with pytest.raises(SchemaError, match=rf"^{file}: not JSON: "):
            document.parse()


def test_folder_that_is_called_like_a_file_and_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    os.symlink(tmp_path / "absent", tmp_path / "link.json")
    assert find_files([tmp_path]) == []
    with pytest.raises(NotFoundError, match=r"link\.json: no such file or folder"):
        find_files([tmp_path / "link.json"])


def test_file_that_goes_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=rf"^{tmp_path}/gone\.json: cannot be read: "):
        list(read_documents(tmp_path / "gone.json"))
