"""Benchmarks run from start to end, on few documents; how long anything takes is not looked at."""

from __future__ import annotations

import dataclasses
import gc
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import ROOT, main
from benchmarks.cases import ORDER
from benchmarks.chart import growth_picture, picture
from benchmarks.measure import FLOOR, LIBRARY, Outcome, Subject, interleaved
from benchmarks.registry import GROUPS
from benchmarks.report import page
from benchmarks.results import Facts, Result, Run, Verdict, load, machine, save
from benchmarks.targets import at_most, duration, faster, holds, statements, under


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two groups: one that writes, one that asks the database."""
    folder = tmp_path_factory.mktemp("benchmarks")
    output = folder / "docs" / "benchmarks.rst"
    output.parent.mkdir()
    options = ["--documents", "30", "--rounds", "1", "--without-released", "--folder", str(folder / "kept")]
    with pytest.MonkeyPatch.context() as environment:  # they set where their databases are
        environment.setenv("KNOWLEDGE_GRAPH_DATABASE", "thoth")
        for part in ("HOST", "PORT", "USER", "PASSWORD"):
            environment.setenv(f"KNOWLEDGE_GRAPH_{part}", "")
        assert main([*options, "--only", "sync", "closure-database", "closure-cache", "--output", str(output)]) == 0
    return output


def test_they_measure_all_that_they_name(output: Path) -> None:
    (path,) = (output.parents[1] / "kept").glob("results_30_0.json")
    run = load(path)
    found = {result.name: {outcome.label: outcome for outcome in result.outcomes} for result in run.results}
    assert set(found) == {
        "sync",
        "closure",
        "closure-tuples",
        "closure-cache-tuples",
        "closure-cache-arrays",
        "closure-cache-arrays-warm",
        "closure-dependencies",
    }
    for outcomes in found.values():
        assert all(outcome.median > 0 for outcome in outcomes.values())
    assert {LIBRARY, FLOOR} <= set(found["sync"])
    assert found["sync"][LIBRARY].statements == 1
    assert found["closure"][LIBRARY].statements == 1
    assert (found["closure"][LIBRARY].rows or 0) > 0
    assert run.facts.documents == 30
    assert run.facts.edges > 0


def test_the_page_builds_without_a_warning(output: Path, tmp_path: Path) -> None:
    source = output.parent
    (source / "conf.py").write_text("project = 'benchmarks'\nhtml_theme = 'basic'\n")
    (source / "index.rst").write_text("Index\n=====\n\n.. toctree::\n\n   benchmarks\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(source), str(tmp_path / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "html" / "benchmarks.html").read_text(encoding="utf-8")
    assert "sync_solver_result, a transaction each" in html
    assert "at most 1.3 times the time of floor" in html


def test_the_picture_shows_everyone(output: Path) -> None:
    root = ElementTree.fromstring(output.with_suffix(".svg").read_text(encoding="utf-8"))
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(title.startswith(LIBRARY) for title in titles) == 7
    assert any(title.startswith(FLOOR) for title in titles)


def test_the_docs_hold_what_the_command_writes() -> None:
    shipped = (ROOT / "docs" / "benchmarks.rst").read_text(encoding="utf-8")
    assert "0.74.1" in shipped
    assert ".. image:: benchmarks.svg" in shipped
    ElementTree.fromstring((ROOT / "docs" / "benchmarks.svg").read_text(encoding="utf-8"))


def test_every_group_has_its_place_on_the_page() -> None:
    assert sorted(GROUPS) == sorted(ORDER)


def test_subjects_take_turns() -> None:
    turns: list[str] = []

    def taking(name: str) -> Subject:
        def run() -> float:
            turns.append(name)
            return float(len(turns))

        return Subject(name, run, rounds=3 if name == "a" else 2)

    first, second = interleaved([taking("a"), taking("b")], rounds=3)
    assert turns[:5] == ["a", "b", "a", "b", "a"]
    assert (first.seconds, second.seconds) == ([1.0, 3.0, 5.0], [2.0, 4.0])
    assert (first.median, first.quartiles, first.least) == (3.0, (2.0, 4.0), 1.0)


def test_the_collector_does_not_see_what_was_there_before() -> None:
    assert gc.get_freeze_count() == 0
    (outcome,) = interleaved([Subject("a", lambda: float(gc.get_freeze_count()))], rounds=1)
    assert outcome.least > 0
    assert gc.get_freeze_count() == 0


def test_rounds_are_compared_each_by_itself() -> None:
    quick_then_slow, same = Outcome(LIBRARY, [2.0, 4.0, 40.0]), Outcome(FLOOR, [1.0, 2.0, 20.0])
    assert quick_then_slow.times(same) == 2
    assert Outcome(LIBRARY, [3.0, 40.0, 4.0]).times(same) == 3  # by the medians it would be 2
    assert quick_then_slow.times(Outcome(FLOOR, [1.0, 3.0])) == 2  # by the medians


def test_targets_judge_what_was_measured() -> None:
    outcomes = {
        LIBRARY: Outcome(LIBRARY, [0.002], statements=3),
        FLOOR: Outcome(FLOOR, [0.001]),
        "0.74.1": Outcome("0.74.1", [0.3]),
    }
    assert faster("0.74.1", 100).verdict(outcomes) == ("150 times", True)
    assert faster("0.74.1", 200).verdict(outcomes) == ("150 times", False)
    assert at_most(1.5, FLOOR).verdict(outcomes) == ("2.00 times", False)
    assert at_most(1.5, "nobody").verdict(outcomes) == ("not measured", None)
    assert under(0.002).verdict(outcomes) == ("2 ms", True)
    assert statements(2).verdict(outcomes) == ("3", False)
    assert holds("small", 1, lambda: 0.5, "{:g}".format).verdict(outcomes) == ("0.5", True)


@pytest.mark.parametrize(
    ("seconds", "said"), [(12.34, "12.3 s"), (0.0045, "4.5 ms"), (2e-6, "2 µs"), (1.234e-7, "123 ns")]
)
def test_times_are_said_as_people_read_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_what_was_not_measured_again_stays(tmp_path: Path) -> None:
    facts = Facts(
        documents=30,
        seed=0,
        rounds=1,
        edges=1,
        requirements=1,
        packages=1,
        postgresql="18",
        sqlalchemy="2",
        library="1",
        **machine(),
    )

    def result(name: str, seconds: float, load: float = 0.0) -> Result:
        verdict = Verdict("under 1 s", duration(seconds), seconds < 1)
        return Result(name, name, "group", "rows", [Outcome(LIBRARY, [seconds])], [verdict], load)

    path = tmp_path / "results.json"
    save(Run(facts, [result("one", 1.0, load=0.5), result("two", 2.0, load=8.0)]), path)
    save(Run(facts, [result("two", 3.0, load=0.25)]), path)
    run = load(path)
    assert run.facts.load == 0.5
    assert {one.name: one.outcomes[0].median for one in run.results} == {"one": 1.0, "two": 3.0}
    text = page([run], "picture.svg", "growth.svg")
    assert "**no**" in text
    assert "picture.svg" in text
    assert picture(run).count("<circle") >= 2
    assert growth_picture([run]).count("<polyline") == 0
    larger = Run(dataclasses.replace(facts, documents=300), [result("one", 4.0), result("three", 5.0)])
    assert growth_picture([run, larger]).count("<polyline") == 1
    assert "growth.svg" in page([run, larger], "picture.svg", "growth.svg")
