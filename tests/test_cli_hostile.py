"""Commands that are given what nobody should give them: each ends, with one line when it refuses, and no traceback."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.conftest import ROOT
from tests.torture import new_seed, tell
from thoth.storages import GraphDatabase
from thoth.storages.cli import cli, main
from thoth.storages.sync import failure_writer, read_failures, sync_local_documents

HOSTILE = (
    *(
        "",
        "  ",
        "-",
        "--",
        "-1",
        "0",
        "1",
        "a\nb",
        "\udcff",
        "\u202e",
        "x" * 5000,
        "9" * 5000,
        "a" * 300 + "/b",
        "=",
        "%s{0}",
    ),
    *("flask", "flask==", "==1.0", "a==1==2", "a[b]==1", "flask==\udcff", "fl\udcffask==1.0", "'; drop table x; --"),
    *(
        "../../etc/passwd",
        "/dev/full/x",
        "/proc/self/mem",
        "/",
        "/nowhere/at/all",
        "bad.json",
        "bad.jsonl.gz",
        "\udcff.json",
        ".",
    ),
    *(
        "http://[",
        "http://u:p@127.0.0.1:1/",
        "2021-02-30",
        "0001-01-01",
        "9999-12-31",
        "nan",
        "1e9",
        "99999999999999999999",
    ),
    *("solver", "solver-x", "sql", "base", "head", "+1", "[]", "{}"),
)
NOT_RUN = {"db", "downgrade"}
"""Commands that start a server, or take the schema away."""


def commands(group: click.Group = cli, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in sorted(group.commands.items()):
        if name in NOT_RUN:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


def hostile_words(at_random: random.Random) -> list[str]:
    """Draw a command with some of its options and arguments."""
    words, command = at_random.choice(list(commands()))
    drawn = list(words)
    for parameter in at_random.sample(command.params, k=min(len(command.params), at_random.choice((0, 1, 1, 2, 3)))):
        if isinstance(parameter, click.Option) and parameter.name != "help":
            drawn.append(at_random.choice(parameter.opts))
            if not parameter.is_flag:
                drawn.append(at_random.choice(HOSTILE))
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            drawn += at_random.choices(HOSTILE, k=at_random.choice((0, 1, 1, 1, 2)))
    return drawn


@pytest.fixture
def place(tmp_path: Path, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands are run in, with some files; the database is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THOTH_AMUN_TRIES", "1")
    Path("bad.json").write_text("{")
    Path("bad.jsonl.gz").write_text("not packed")
    Path(os.fsdecode(b"\xff.json")).write_text("[]")
    return tmp_path


def status_of(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command in this process; return its status after a look at what it said."""
    said = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["thoth-storages", *words])
        patch.setattr(sys, "stderr", said)
        patch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), errors="backslashreplace"))
        with pytest.raises(SystemExit) as ended:
            main()
    status = ended.value.code or 0
    assert status in {0, 1, 2}, words
    text = said.getvalue()
    assert "Traceback" not in text, words
    if status == 1 and text.startswith("Error: "):
        assert text.count("\n") == 1, words
        assert len(text) < 1100, words
    return int(status)


def test_hostile_words(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_random = random.Random(0)
    statuses = Counter(status_of(hostile_words(at_random), monkeypatch) for _ in range(80))
    assert set(statuses) == {0, 1, 2}


@pytest.mark.torture
def test_hostile_words_for_minutes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = new_seed()
    at_random = random.Random(seed)
    examples = int(os.environ.get("TORTURE_EXAMPLES", "5000"))
    statuses = Counter(status_of(hostile_words(at_random), monkeypatch) for _ in range(examples))
    tell(seed, commands=statuses.total(), by_status=dict(sorted(statuses.items())))
    assert statuses[1] > examples / 10


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["dump", "--output", "x" * 300], b"File name too long"),
        (["sync", "--failed-to", "/nowhere/at/all", "bad.json"], b"/nowhere/at/all: No such file or directory"),
        (["sync", b"\xff.json"], b"\\udcff.json: expected a JSON object, got list"),
    ],
)
def test_one_line_of_the_real_command(place: Path, words: list[str | bytes], reason: bytes) -> None:
    finished = subprocess.run(
        [sys.executable, str(ROOT / "thoth-storages"), *words], cwd=place, capture_output=True, check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr.count(b"\n")) == (1, b"", 1), finished.stderr
    assert finished.stderr.startswith(b"Error: ")
    assert reason in finished.stderr


def test_file_whose_name_is_no_utf_8_is_noted_and_tried_again(
    place: Path, graph: GraphDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    failed = place / "failed"
    report = sync_local_documents([place], graceful=True, graph=graph, on_failure=failure_writer(failed))
    assert report.total.failed == 3
    noted = list(read_failures(failed))
    assert noted == report.failures
    assert [Path(failure.document).exists() for failure in noted] == [True] * 3
    assert caplog.text.encode()  # whatever shows the log can write it
