"""Pictures of chains, and flowcharts: everything is in them, and they become files that programs can open."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.graph.test_pictures import PNG_SIGNATURE, SVG, small_closure
from thoth.storages.exceptions import ConfigurationError
from thoth.storages.graph.chains import Chain, requirements_text, shortest_chains
from thoth.storages.graph.chains_image import write_chains_image
from thoth.storages.graph.closure import Closure, Edge
from thoth.storages.graph.closure_image import closure_flowchart, write_closure_image
from thoth.storages.graph.flowchart import Arrow, Box, flowchart
from thoth.storages.identifiers import PackageTuple

INDEX = "https://pypi.org/simple"
A: PackageTuple = ("a", "1", INDEX)
B1: PackageTuple = ("b", "1", INDEX)
B2: PackageTuple = ("b", "2", INDEX)
C2: PackageTuple = ("c", "2", None)
CHAINS: list[Chain] = [(A, B2, C2), (A, B1, C2)]
REQUIREMENTS: dict[Edge, list[dict[str, str | None]]] = {
    (A, B2): [{"specifier": ">=1", "marker": None, "extra": None}],
    (A, B1): [{"specifier": ">=1", "marker": None, "extra": None}],
    (B2, C2): [
        {"specifier": "*", "marker": 'os_name == "nt"', "extra": None},
        {"specifier": "<3", "marker": None, "extra": "x"},
    ],
}
TEXT_OF_LAST = 'c; os_name == "nt" or c<3; extra == "x"'


def boxes_and_arrows(content: str) -> tuple[dict[str, tuple[str, str]], set[tuple[str, str, str]]]:
    """Return what a flowchart says, with its entities as they are shown: boxes with looks, and arrows."""

    def shown(text: str) -> str:
        return unescape(re.sub(r"#(\d+);", r"&#\1;", text))

    first, title, last, kind, *lines = content.splitlines()
    assert (first, last, kind) == ("---", "---", "flowchart LR")
    assert title.startswith('title: "')
    boxes, arrows = {}, set()
    for line in lines:
        if match := re.fullmatch(r'    (p\d+)\["([^"]*)"\]:::(\w+)', line):
            boxes[match[1]] = (shown(match[2]), match[3])
        elif match := re.fullmatch(r'    (p\d+) -->(?:\|"([^"]*)"\|)? (p\d+)', line):
            arrows.add((match[1], match[3], shown(match[2] or "")))
        else:
            assert re.fullmatch(r"    classDef \w+ [\w:#,.\- ]+", line), line
    assert {end for arrow in arrows for end in arrow[:2]} <= set(boxes)
    return boxes, {(boxes[source][0], boxes[target][0], label) for source, target, label in arrows}


def test_flowchart_of_a_closure(tmp_path: Path) -> None:
    path = write_closure_image(tmp_path / "closure.MMD", small_closure())
    boxes, arrows = boxes_and_arrows(path.read_text(encoding="utf-8"))
    assert dict(boxes.values()) == {
        "a<br/>1 version": "asked",
        "b<br/>2 versions": "plain",
        "c<br/>2 versions, 1 not solved": "plain",
        "d<br/>1 version, not solved": "unsolved",
        "e<br/>1 version": "plain",
    }
    assert {(source[0], target[0], label) for source, target, label in arrows} == {
        ("a", "b", "2"),
        ("a", "d", "1"),
        ("b", "c", "4"),
        ("c", "b", "2"),
        ("c", "e", "1"),
    }
    content = closure_flowchart(small_closure(), most_names=2)
    assert len(boxes_and_arrows(content)[0]) == 2
    assert 'title: "What a 1 depends on"' in content
    with pytest.raises(ConfigurationError, match="most_names is 0"):
        closure_flowchart(small_closure(), most_names=0)
    assert boxes_and_arrows(closure_flowchart(Closure())) == ({}, set())


def test_nothing_in_a_flowchart_is_read_as_its_language() -> None:
    text = '"]; click <b>#quot;|{}[&\\`\n%%'
    content = flowchart([Box((text, text)), Box(("b",))], [Arrow(0, 1, text)], f'{text}: "')
    boxes, arrows = boxes_and_arrows(content)
    assert boxes["p0"] == (f"{text}<br/>{text}", "plain")
    assert arrows == {(f"{text}<br/>{text}", "b", text)}


def test_flowchart_of_chains(tmp_path: Path) -> None:
    path = write_chains_image(tmp_path / "why.mmd", CHAINS, REQUIREMENTS, "Why")
    boxes, arrows = boxes_and_arrows(path.read_text(encoding="utf-8"))
    assert dict(boxes.values()) == {
        "a 1": "asked",
        "b 2": "plain",
        "b 1": "plain",
        "c 2<br/>not solved": "unsolved",
    }
    assert arrows == {
        ("a 1", "b 2", "b>=1"),
        ("a 1", "b 1", "b>=1"),
        ("b 2", "c 2<br/>not solved", TEXT_OF_LAST),
        ("b 1", "c 2<br/>not solved", ""),
    }


def test_pictures_of_chains(tmp_path: Path) -> None:
    assert write_chains_image(tmp_path / "why.png", CHAINS, REQUIREMENTS, "Why").read_bytes().startswith(PNG_SIGNATURE)
    svg = write_chains_image(tmp_path / "why.svg", CHAINS, REQUIREMENTS, "Why <a>")
    texts = {text.text for text in ElementTree.parse(svg).iter(f"{SVG}text")}
    assert texts >= {"Why <a>", "a 1", "b 1", "b 2", "c 2", "not solved", "b>=1", TEXT_OF_LAST}
    first = write_chains_image(tmp_path / "a.dot", CHAINS, REQUIREMENTS, "Why").read_bytes()
    assert (
        write_chains_image(tmp_path / "b.dot", CHAINS, dict(reversed(REQUIREMENTS.items())), "Why").read_bytes()
        == first
    )


def test_a_release_on_several_indexes_is_one_box(tmp_path: Path) -> None:
    other: PackageTuple = ("b", "2", "https://index.example.com/simple")
    requirements = {
        **REQUIREMENTS,
        (A, other): REQUIREMENTS[A, B2],
        (other, C2): [{"specifier": "*", "marker": None, "extra": None}],
    }
    path = write_chains_image(tmp_path / "why.mmd", [*CHAINS, (A, other, C2)], requirements, "Why")
    boxes, arrows = boxes_and_arrows(path.read_text(encoding="utf-8"))
    assert [text for text, _ in boxes.values()] == ["a 1", "b 2", "c 2<br/>not solved", "b 1"]
    assert ("a 1", "b 2", "b>=1") in arrows
    assert ("b 2", "c 2<br/>not solved", f"{TEXT_OF_LAST} or c") in arrows
    assert len(arrows) == 4


def test_no_chains(tmp_path: Path) -> None:
    chains = shortest_chains(small_closure(), "absent")
    for ending in (".svg", ".mmd"):
        assert write_chains_image(tmp_path / f"none{ending}", chains, {}, "Why").stat().st_size > 0


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    for ending in ("png", "mmd"):
        with pytest.raises(ConfigurationError, match="cannot be written"):
            write_closure_image(tmp_path / "missing" / f"closure.{ending}", small_closure())
    (tmp_path / "folder.mmd").mkdir()
    with pytest.raises(ConfigurationError, match=r"folder\.mmd: cannot be written"):
        write_chains_image(tmp_path / "folder.mmd", CHAINS, {}, "Why")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mmd"]


@pytest.mark.parametrize(
    ("specifier", "marker", "extra", "expected"),
    [
        ("*", None, None, "b"),
        (">=1,<2", None, None, "b>=1,<2"),
        ("*", "os_name == 'nt'", None, "b; os_name == 'nt'"),
        (">1", None, "s3", 'b>1; extra == "s3"'),
        (">1", "extra == 'S3'", "s3", "b>1; extra == 'S3'"),
        (
            ">1",
            "os_name == 'nt' or os_name == 'x'",
            "s3",
            "b>1; (os_name == 'nt' or os_name == 'x') and extra == \"s3\"",
        ),
    ],
)
def test_text_of_a_requirement(specifier: str, marker: str | None, extra: str | None, expected: str) -> None:
    requirement = {"specifier": specifier, "marker": marker, "extra": extra}
    assert requirements_text("b", [requirement]) == expected
    assert requirements_text("b", [requirement, requirement]) == f"{expected} or {expected}"
    assert requirements_text("b", []) == ""
