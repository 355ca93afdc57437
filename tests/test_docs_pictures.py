"""The pictures that the documentation shows are those of the models, and all of them are shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import Column, Integer

from docs import pictures
from tests.conftest import ROOT
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.schema_image import database_topics, is_picture_of

DOCS = ROOT / "docs"
MOST_BYTES = 1_500_000


def outdated() -> list[str]:
    return [path for path, diagram in pictures.pictures().items() if not is_picture_of(DOCS / path, diagram)]


def test_pictures_are_those_of_the_models() -> None:
    assert not outdated(), "a model has changed: run python3 dev.py pictures"


def test_a_changed_model_makes_pictures_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Base.metadata.tables["cve"]
    extra = Column("made_up", Integer)
    table.append_column(extra)
    try:
        # The overview has keys only, but says how many other columns there are.
        assert outdated() == ["schema.svg", "schema.dia", "schema/vulnerabilities.svg"]
    finally:
        table._columns.remove(extra)
    assert not outdated()


def test_there_is_a_picture_of_each_topic_and_none_besides() -> None:
    there = {path.relative_to(DOCS).as_posix() for path in [*DOCS.glob("schema*.*"), *DOCS.glob("schema/*")]}
    assert there == set(pictures.pictures())
    assert {f"schema/{topic}.svg" for topic in database_topics()} <= there
    assert sum((DOCS / path).stat().st_size for path in there) < MOST_BYTES


def test_every_picture_is_shown() -> None:
    pages = [path.read_text(encoding="utf-8") for path in DOCS.glob("*.rst")]
    shown = [path for page in pages for path in re.findall(r"image:: (\S+)|:download:`(\S+)`", page)]
    assert {image or file for image, file in shown} >= set(pictures.pictures())


@pytest.mark.parametrize("path", [path for path in pictures.pictures() if path.endswith(".svg")])
def test_a_picture_can_be_read_at_its_size(path: str) -> None:
    root = ElementTree.parse(DOCS / path).getroot()
    width, height = (float(root.attrib[side].removesuffix("pt")) * 4 / 3 for side in ("width", "height"))
    assert width < 2200
    assert 0.4 < width / height < 2.5
    sizes = [float(text.attrib["font-size"]) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert min(sizes) * 4 / 3 >= 11  # pixels


def test_drawing_them_anew_removes_those_of_topics_that_are_no_more(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from docs import pictures\n"
        "pictures.DOCS = Path(sys.argv[1]) / 'docs'\n"
        "everything = pictures.pictures()\n"
        "pictures.pictures = lambda: {name: everything[name] for name in ('schema_cache.svg', 'schema/indexes.svg')}\n"
        "pictures.main()"
    )
    (tmp_path / "docs" / "schema").mkdir(parents=True)
    (tmp_path / "docs" / "schema" / "old.svg").write_text("old")
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
        "removed docs/schema/old.svg",
        "docs/schema_cache.svg",
        "docs/schema/indexes.svg",
    ]
    assert sorted(path.name for path in (tmp_path / "docs").rglob("*.svg")) == ["indexes.svg", "schema_cache.svg"]
