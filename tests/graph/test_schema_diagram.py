"""What is chosen for a picture: tables, how far others may be, which columns and references."""

from __future__ import annotations

import pytest

from tests.graph.small_schema import SmallBase, small_models
from thoth.storages.exceptions import ConfigurationError
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_cache import CacheBase
from thoth.storages.graph.schema_diagram import Diagram, Reference
from thoth.storages.graph.schema_image import database_topics, schema_diagram, tables_diagram


def columns(diagram: Diagram) -> dict[str, list[str]]:
    return {table.name: [column.name for column in table.columns] for table in diagram.tables}


def ends(diagram: Diagram) -> set[tuple[str, str]]:
    return {(reference.source, reference.target) for reference in diagram.references}


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (0, {"part": 0}),
        (1, {"part": 0, "release": 1, "piece": 1}),
        (2, {"part": 0, "release": 1, "piece": 1, "crumb": 2}),
        (9, {"part": 0, "release": 1, "piece": 1, "crumb": 2}),
    ],
)
def test_references_are_followed_in_both_directions(depth: int, expected: dict[str, int]) -> None:
    assert small_models().within(["part"], depth) == expected


def test_near_tables_have_their_keys_and_what_is_referred_to() -> None:
    models = small_models()
    diagram = models.diagram("A", models.within(["part"], 1), 1)
    assert columns(diagram) == {
        "part": ["release_id", "number", "release_ids"],
        "piece": ["id", "release_id", "number", "other_id"],
        "release": ["id", "name"],
    }
    assert {table.name: (table.left_out, table.is_neighbour) for table in diagram.tables} == {
        "part": (0, False),
        "piece": (1, True),
        "release": (1, True),
    }
    everything = models.diagram("A", models.within(["part"], 1), 1, detail="all")
    assert columns(everything)["release"] == ["id", "name", "nick"]
    assert [table.is_neighbour for table in everything.tables] == [False, True, True]
    keys = models.diagram("A", dict.fromkeys(SmallBase.metadata.tables, 0), detail="keys")
    assert columns(keys)["part"] == ["release_id", "number", "release_ids"]  # an array of ids is no key, and has a line
    assert columns(keys)["crumb"] == ["id", "piece_id"]


def test_lines_between_two_of_the_farthest_are_left_out() -> None:
    models = small_models()
    assert ends(models.diagram("A", models.within(["part"], 1), 1)) == {("part", "release"), ("piece", "part")}
    assert ("piece", "release") in ends(models.diagram("A", models.within(["part"], 2), 2))
    assert ends(models.diagram("A", {"piece": 0, "release": 0}, 0)) == {("piece", "release")}


def test_references_say_how_many_there_are_of_each() -> None:
    found = {(each.source, each.columns): each for each in small_models().references}
    assert found["piece", ("release_id", "number")] == Reference(
        "piece", ("release_id", "number"), "part", ("release_id", "number"), nullable=False, unique=False
    )
    assert found["piece", ("other_id",)] == Reference(
        "piece", ("other_id",), "release", ("id",), nullable=True, unique=True
    )
    assert found["part", ("release_ids",)].array
    assert not found["part", ("release_id",)].unique  # it is a part of the primary key only


def test_an_array_of_ids_of_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SmallBase.metadata.tables["part"].columns["release_ids"].info, "refers_to", "release.uuid")
    with pytest.raises(ConfigurationError, match=r"part\.release_ids: .*'release\.uuid'"):
        small_models()


def test_topics_are_those_of_the_models() -> None:
    topics = database_topics()
    assert {"packages", "solvers", "performance"} <= set(topics)
    tables = [table.name for topic in topics for table in tables_diagram(topics=[topic], depth=0).tables]
    assert sorted(tables) == sorted(Base.metadata.tables)
    assert [table.name for table in tables_diagram(topics=["cache"]).tables] == sorted(CacheBase.metadata.tables)


def test_the_place_of_a_topic_is_the_same_in_every_picture() -> None:
    whole = schema_diagram("main").topics
    assert tables_diagram(topics=["solvers"], depth=0).topics == tables_diagram(tables=["pi_matmul"]).topics == whole


def test_topics_and_tables_add_up() -> None:
    both = tables_diagram(topics=["vulnerabilities"], tables=["python_release"], depth=0)
    assert list(columns(both)) == ["cve", "has_vulnerability", "python_release"]
    assert both.title == "vulnerabilities, python_release: Knowledge graph (PostgreSQL)"


def test_a_table_that_both_have_is_that_of_the_database() -> None:
    assert "requirement_number" in columns(tables_diagram(tables=["depends_on"]))["depends_on"]
    of_cache = columns(tables_diagram(tables=["depends_on", "cached_index"]))["depends_on"]
    assert of_cache == ["version_id", "entity_id"]


def test_what_cannot_be_chosen_is_an_error_that_names_what_can() -> None:
    with pytest.raises(ConfigurationError, match=r"no topic is named 'pi', only advisers, .*, cache, .*, performance"):
        tables_diagram(topics=["pi"])
    with pytest.raises(ConfigurationError, match=r"no table is named 'solver', only advised, .*cache_info, .*solved"):
        tables_diagram(tables=["cve", "solver"])
    with pytest.raises(ConfigurationError, match="some of cache, cve are of the database, some of the cache file"):
        tables_diagram(topics=["cache"], tables=["cve"])
    with pytest.raises(ConfigurationError, match="neither a topic nor a table"):
        tables_diagram()
    with pytest.raises(ConfigurationError, match="depth is -1"):
        tables_diagram(topics=["cache"], depth=-1)


def test_the_whole_schema_has_keys_and_on_demand_all_columns() -> None:
    keys, everything = columns(schema_diagram("main")), columns(schema_diagram("main", all_columns=True))
    assert keys["python_package_metadata"] == ["id", "digest"]
    assert everything == {
        name: table.columns.keys() for name, table in sorted(Base.metadata.tables.items()) if name in keys
    }
    assert ends(schema_diagram("main")) == ends(schema_diagram("main", all_columns=True))
    assert len(columns(schema_diagram("performance"))["inspection_run"]) < len(
        columns(schema_diagram("performance", all_columns=True))["inspection_run"]
    )
