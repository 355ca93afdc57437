"""A terminal, a shell, and how packages are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.query.questions import RHEL_8
from tests.test_cli import ok, run
from thoth.storages.cli.query import answers
from thoth.storages.cli.query.arguments import Question, parse_package
from thoth.storages.cli.query.output import write
from thoth.storages.identifiers import Environment

WHY = ("why", "jupyterlab==3.4.8", "MarkupSafe", *RHEL_8)


class TestTerminal:
    def shown(self, *arguments: object, **variables: str) -> str:
        """Return what a command writes to a terminal of 100 columns."""
        terminal, other_end = os.openpty()
        try:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "thoth-storages"), "query", *map(str, arguments)],
                env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **variables},
                stdin=subprocess.DEVNULL,
                stdout=other_end,
                stderr=other_end,
            )
        finally:
            os.close(other_end)
        shown = b""
        with os.fdopen(terminal, "rb", buffering=0) as reader:
            while True:
                try:
                    part = reader.read(65536)
                except OSError:  # the other end was closed
                    break
                if not part:
                    break
                shown += part
        assert process.wait(60) == 0
        return shown.decode()

    def test_a_table_in_colours(self) -> None:
        shown = self.shown("cve", "flask==1.0.2")
        assert re.search(r"\x1b\[[\d;]*36m", shown)
        assert "asking " in shown
        plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)
        assert "[bold]old[/] \N{REPLACEMENT CHARACTER}[31m and red" in plain
        assert "─" in plain

    def test_no_colours_where_nobody_wants_them(self, cache_file: Path) -> None:
        shown = self.shown("versions", "flask", "--cache", cache_file, NO_COLOR="1")
        assert not re.search(r"\x1b\[(?:[\d;]*;)?[349]\dm", shown)
        assert "asking " not in shown
        assert "2.2.2" in shown

    def test_programs_get_the_same_everywhere(self, cache_file: Path, asked: Callable[..., str]) -> None:
        words = ["versions", "flask", "--cache", cache_file, "--json"]
        assert self.shown(*words).replace("\r\n", "\n") == asked(*words)

    def test_chains_are_set_apart(self) -> None:
        shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.shown(*WHY, "--limit", 2))
        first, second = (re.search(rf"^ +{number} +0 ", shown, re.MULTILINE) for number in (1, 2))
        assert first is not None
        assert second is not None
        between = shown[first.start() : second.start()].splitlines()
        assert not between[-1].strip() or set(between[-1].strip()) == {"─"}


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_scripts(self, tmp_path: Path, shell: str) -> None:
        script = ok(tmp_path, "completion", shell)
        assert f"_THOTH_STORAGES_COMPLETE={shell}_complete" in script
        assert "thoth-storages" in script

    def test_bash_completes(self, tmp_path: Path) -> None:
        (tmp_path / "thoth-storages").write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "thoth-storages"} "$@"\n')
        (tmp_path / "thoth-storages").chmod(0o755)
        lines = [
            'eval "$(thoth-storages completion bash)"',
            "complete -p thoth-storages",
            "COMP_WORDS=(thoth-storages query ver) COMP_CWORD=2",
            "$(complete -p thoth-storages | sed 's/.*-F \\([^ ]*\\) .*/\\1/') thoth-storages ver query",
            'printf "<%s>" "${COMPREPLY[@]}"',
        ]
        environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", "\n".join(lines)], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        assert done.stdout.endswith("<versions>")

    def test_options_and_no_error_on_half_a_package(self, tmp_path: Path) -> None:
        words = {"COMP_WORDS": "thoth-storages query depends-on fla>sk --os", "COMP_CWORD": "4"}
        said = ok(tmp_path, _THOTH_STORAGES_COMPLETE="bash_complete", **words)
        assert said.splitlines() == ["plain,--os-name", "plain,--os-version"]

    def test_other_shells(self, tmp_path: Path) -> None:
        finished = run(tmp_path, "completion", "tcsh")
        assert finished.returncode == 2
        assert "tcsh" in finished.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Flask", ("flask", None)),
        (" Py_YAML == 5.1.0-RC1 ", ("py-yaml", "5.1.0rc1")),
        ("a===1!2.0+local", ("a", "1!2.0+local")),
        ("a==2004d", ("a", "2004d")),
        ("zope.interface==v5", ("zope-interface", "5")),
    ],
)
def test_spellings(text: str, expected: tuple[str, str | None]) -> None:
    package = parse_package(text, needs_version=False)
    assert package == expected
    assert parse_package(str(package), needs_version=False) == package


@pytest.mark.parametrize(
    "text", ["-a", "a-", "a==", "==1", "a=1", "a==1,==2", "a ==1 b", "a@1", "a==1*", "é==1", "a\n==1\nb"]
)
def test_texts_that_name_no_package(text: str) -> None:
    with pytest.raises(ValueError, match="is no package"):
        parse_package(text, needs_version=False)


def test_help_needs_no_database_and_no_library_of_output() -> None:
    code = (
        "import sys; from thoth.storages.cli import cli\n"
        "try: cli.main(['query', 'why', '--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "loaded = {'rich', 'graphviz', 'thoth.storages.cli.query.answers'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_columns_of_numbers_are_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    answer = answers.Answer(("name", "number", "flag"), [("a", 5, True), ("bc", 1000, False)])
    write(answer, "x", "here", [], Question(Environment()), False, False)
    assert capsys.readouterr().out == "name  number  flag\na          5  yes\nbc      1000  no\n"
