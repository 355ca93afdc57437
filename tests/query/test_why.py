"""Why a package is pulled in, and pictures of that and of closures."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.factories import RHEL
from tests.graph.test_chains_image import boxes_and_arrows
from tests.oracle import Oracle
from tests.query.questions import MANY, RHEL_8, Rows
from tests.test_cli import ok
from thoth.storages.cli import cli
from thoth.storages.graph.chains import requirements_text


class TestWhy:
    WORDS = ("why", "jupyterlab==3.4.8", "MarkupSafe", *RHEL_8)

    def expected(self, oracle: Oracle) -> set[tuple[Any, ...]]:
        return oracle.shortest_chains(("jupyterlab", "3.4.8", None), package_name="markupsafe", **RHEL)

    def chains(self, rows: Rows) -> list[tuple[Any, ...]]:
        """Return the chains of an answer, after a look at their numbers."""
        found: dict[int, list[Any]] = {}
        for row in rows:
            steps = found.setdefault(row["chain"], [])
            assert row["step"] == len(steps)
            steps.append((row["package_name"], row["package_version"], row["index_url"]))
        assert list(found) == list(range(1, len(found) + 1))
        return [tuple(steps) for steps in found.values()]

    def test_database(self, tmp_path: Path, oracle: Oracle) -> None:
        document = json.loads(ok(tmp_path, "query", *self.WORDS, "--limit", MANY, "--json"))
        chains = self.chains(document["answer"])
        expected = self.expected(oracle)
        assert len(chains) == len(expected) > 10
        assert set(chains) == expected
        assert document["packages"] == ["jupyterlab==3.4.8", "markupsafe"]
        pairs = [pair for chain in chains for pair in pairwise(chain)]
        requirements = oracle.get_python_requirements_many(pairs, **RHEL)
        steps = [row for row in document["answer"] if row["step"]]
        assert [row["required_as"] for row in steps] == [requirements[pair] for pair in pairs]
        assert {"specifier": ">=2.1", "marker": None, "extra": None} in steps[0]["required_as"]
        assert all(row["required_as"] is None for row in document["answer"] if not row["step"])

    def test_cache(self, oracle: Oracle, cache_file: Path, asked: Callable[..., str]) -> None:
        words = [*self.WORDS, "--limit", MANY, "--json"]
        rows: Rows = json.loads(asked(*words, "--cache", cache_file))["answer"]
        assert set(self.chains(rows)) == self.expected(oracle)
        assert all(row["required_as"] is None for row in rows)  # not in the file
        same = [{**row, "required_as": None} for row in json.loads(asked(*words))["answer"]]
        assert rows == same

    def test_limit(self, asked: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
        everything = self.chains(json.loads(asked(*self.WORDS, "--limit", MANY, "--json"))["answer"])
        cli.main(["query", *self.WORDS, "--limit", "3", "--csv"], standalone_mode=False)
        printed = capsys.readouterr()
        assert printed.err == "there are more: --limit 6\n"
        rows = list(csv.DictReader(io.StringIO(printed.out, newline="")))
        assert [row["package_version"] for row in rows if row["step"] == "1"] == [
            chain[1][1] for chain in everything[:3]
        ]
        assert json.loads(asked(*self.WORDS, "--limit", 3, "--json"))["more"] is True
        assert json.loads(asked(*self.WORDS, "--limit", len(everything), "--json"))["more"] is False

    def test_requirements_are_shown_as_they_are_written(self, asked: Callable[..., str]) -> None:
        words = ("why", "jupyterlab==3.4.8", "pysocks", *RHEL_8, "--extra", "socks", "--limit", 1)
        rows: Rows = json.loads(asked(*words, "--json"))["answer"]
        texts = [requirements_text(row["package_name"], row["required_as"] or ()) for row in rows]
        assert texts[-1] == 'pysocks!=1.5.7,>=1.5.6; extra == "socks"'
        lines = asked(*words).splitlines()[1:]
        assert [re.split("  +", line.strip(), maxsplit=5)[-1] for line in lines] == ["-", *texts[1:]]
        as_csv = csv.DictReader(io.StringIO(asked(*words, "--csv"), newline=""))
        assert [row["required_as"] for row in as_csv] == texts

    def test_a_version_and_no_chain(
        self, asked: Callable[..., str], refused_here: Callable[..., str], cache_file: Path
    ) -> None:
        words = ["why", "flask==1.0.2", "markupsafe==2.0.1", "--json"]
        rows: Rows = json.loads(asked(*words))["answer"]
        assert {row["package_version"] for row in rows if row["package_name"] == "markupsafe"} == {"2.0.1"}
        places: list[list[Any]] = [[], ["--cache", cache_file]]
        for more in places:
            for target in ("absent", "markupsafe==99", "jupyterlab"):
                message = refused_here("why", "flask==1.0.2", target, *RHEL_8, *more)
                assert f"flask==1.0.2 does not depend on {target}, directly or not" in message


class TestPictures:
    @pytest.mark.parametrize("words", [["closure", "flask==1.0.2"], ["why", "flask==1.0.2", "markupsafe"]])
    @pytest.mark.parametrize("from_file", [False, True])
    def test_svg(
        self, tmp_path: Path, words: list[str], from_file: bool, cache_file: Path, asked: Callable[..., str]
    ) -> None:
        more = [*RHEL_8, *(["--cache", str(cache_file)] if from_file else [])]
        printed = asked(*words, *more, "--graph", tmp_path / "picture.svg", "--json")
        assert printed == asked(*words, *more, "--json")
        root = ElementTree.parse(tmp_path / "picture.svg").getroot()
        assert root.tag.endswith("svg")
        texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
        assert any("flask" in str(text) for text in texts)
        assert any("markupsafe" in str(text) for text in texts)

    @pytest.mark.parametrize("words", [["closure", "flask==1.0.2"], ["why", "flask==1.0.2", "markupsafe"]])
    def test_formats(self, tmp_path: Path, words: list[str], asked: Callable[..., str]) -> None:
        for ending in ("png", "dot", "mmd"):
            asked(*words, *RHEL_8, "--graph", tmp_path / f"picture.{ending}")
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        boxes, arrows = boxes_and_arrows((tmp_path / "picture.mmd").read_text(encoding="utf-8"))
        assert any(text.startswith("flask") and look == "asked" for text, look in boxes.values())
        assert any(target.startswith("markupsafe") for _, target, _ in arrows)
        source = (tmp_path / "picture.dot").read_text(encoding="utf-8")
        program = Path(sys.executable).with_name("graphviz-pure")
        drawn = subprocess.run([program, "-Tsvg"], input=source, capture_output=True, text=True, check=True)
        titles = ElementTree.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}title")
        assert len({title.text for title in titles if "->" in str(title.text)}) == len(arrows) > 0

    def test_files_that_cannot_be(self, tmp_path: Path, refused_here: Callable[..., str]) -> None:
        for name in ("picture.xyz", "missing/picture.svg", "missing/picture.mmd"):
            message = refused_here("closure", "flask==1.0.2", *RHEL_8, "--graph", tmp_path / name)
            assert name in message
        assert list(tmp_path.iterdir()) == []
