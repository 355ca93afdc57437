"""Pictures of the schemas and of closures: everything is in them, and they become files that programs can open."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Integer, Table, Text, UniqueConstraint, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from thoth.storages.cli.pictures import generate_schema
from thoth.storages.exceptions import ConfigurationError, NotFoundError, ThothStorageException
from thoth.storages.graph.closure import Closure, ClosureBuilder
from thoth.storages.graph.closure_image import closure_graph, write_closure_image
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_cache import CacheBase
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS
from thoth.storages.graph.schema_image import Schema, schema_graph, tables_graph, write_schema_image

ROOT = Path(__file__).parents[2]
SCHEMAS: tuple[Schema, ...] = get_args(Schema)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"
INDEX = "https://pypi.org/simple"

NODE = re.compile(r"^\t+(\w+) \[label=<(.*?)>(?: \w+=.*)?\]$", re.MULTILINE)
EDGE = re.compile(r"^\t+(\w+) -> (\w+) \[(.*)\]$", re.MULTILINE)


def expected_tables(schema: Schema) -> list[Table]:
    """The tables that a picture has to hold, told from the lists of models."""
    indicators = [model.__dict__["__table__"] for model in ALL_PERFORMANCE_MODELS]
    if schema == "cache":
        return list(CacheBase.metadata.tables.values())
    if schema == "performance":
        return [*indicators, Base.metadata.tables["inspection_run"]]
    return [table for table in Base.metadata.tables.values() if table not in indicators]


def edges(source: str) -> Counter[tuple[str, str]]:
    return Counter((start, end) for start, end, _ in EDGE.findall(source))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_picture_holds_every_table_with_every_column(schema: Schema) -> None:
    labels = dict(NODE.findall(schema_graph(schema).source))
    assert {name: re.findall(r'PORT="in (\w+)"', label) for name, label in labels.items()} == {
        table.name: [column.name for column in table.columns] for table in expected_tables(schema)
    }
    for table in expected_tables(schema):
        shown = re.sub("<[^>]*>", "\n", labels[table.name]).split("\n")
        assert {table.name, *table.columns.keys()} <= {text.strip() for text in shown}
        assert shown.count("NULL") == sum(bool(column.nullable) for column in table.columns)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_picture_has_an_edge_for_each_foreign_key(schema: Schema) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for table in expected_tables(schema):
        expected.update((table.name, key.referred_table.name) for key in table.foreign_key_constraints)
        arrays = [column.info["refers_to"] for column in table.columns if "refers_to" in column.info]
        expected.update((table.name, refers_to.partition(".")[0]) for refers_to in arrays)
    drawn = {table.name for table in expected_tables(schema)}
    expected = Counter({edge: count for edge, count in expected.items() if edge[1] in drawn})
    assert expected
    assert edges(schema_graph(schema).source) == expected


def test_tables_stand_in_the_frame_of_their_topic() -> None:
    frames = re.findall(
        r"^\tsubgraph cluster_(\w+) \{\n(.*?)^\t\}", schema_graph("main").source, re.MULTILINE | re.DOTALL
    )
    names = {topic: [name for name, _ in NODE.findall(body)] for topic, body in frames}
    assert names["solvers"] == ["ecosystem_solver", "solved", "solver_run"]
    assert list(names) == sorted(names)
    assert sorted(name for members in names.values() for name in members) == sorted(
        table.name for table in expected_tables("main")
    )
    assert "cluster" not in schema_graph("cache").source  # one topic needs no frame


class _Base(DeclarativeBase):
    """Of tables that have everything a picture can show."""


class _Release(_Base):
    """A release & its <name>."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("nick"))
    NATURAL_KEY = ("name",)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text(collation="C"))
    nick: Mapped[str | None]


class _Part(_Base):
    __tablename__ = "part"

    release_id: Mapped[int] = mapped_column(ForeignKey(_Release.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    release_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), info={"refers_to": "release.id"})


class _Piece(_Base):
    __tablename__ = "piece"
    __table_args__ = (ForeignKeyConstraint(["release_id", "number"], [_Part.release_id, _Part.number]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int]
    number: Mapped[int]
    other_id: Mapped[int | None] = mapped_column(ForeignKey(_Release.id), unique=True)


def small_schema(tables: Iterable[Table] = _Base.metadata.tables.values()) -> str:
    source: str = tables_graph("A < B", _Base, tables, make_url("postgresql+psycopg2://").get_dialect()()).source
    return source


def test_marks_types_and_kinds_of_edges() -> None:
    source = small_schema()
    labels = dict(NODE.findall(source))

    def row(table: str, column: str) -> list[str]:
        (found,) = re.findall(rf'<TR><TD PORT="in {column}".*?</TR>', labels[table])
        return [text for text in re.sub("<[^>]*>", "\n", found).split("\n") if text]

    assert row("release", "id") == ["PK", "id ", "integer", " "]
    assert row("release", "name") == ["NK", "name ", "text", " "]
    assert row("release", "nick") == ["U", "nick ", "varchar", "NULL"]
    assert row("part", "release_id") == ["PK FK", "release_id ", "integer", " "]
    assert row("part", "release_ids") == [" ", "release_ids ", "integer[]", " "]
    assert row("piece", "other_id") == ["FK U", "other_id ", "integer", "NULL"]
    assert 'tooltip="A release & its <name>."' in source
    assert "A &lt; B" in source
    looks = {(re.findall(r'tailport="out (\w+):e"', look)[0], end): look for _, end, look in EDGE.findall(source)}
    assert len(looks) == len(EDGE.findall(source)) == 4
    assert "style=dashed" in looks["release_ids", "release"]
    assert "arrowhead=tee " in looks["release_id", "release"]
    assert "style=bold" in looks["number", "part"]
    assert 'headport="in number:w"' in looks["number", "part"]
    assert "piece (release_id, number) -> part (release_id, number)" in looks["number", "part"]
    assert "arrowhead=teeodot" in looks["other_id", "release"]
    assert "arrowtail=tee" in looks["other_id", "release"]
    assert [look for look in looks.values() if "arrowtail" in look] == [looks["other_id", "release"]]


def test_the_edge_that_closes_a_cycle_runs_backward() -> None:
    looks = {(start, end): look for start, end, look in EDGE.findall(schema_graph("main").source)}
    backward = looks.pop(("python_package_version", "solved"))
    assert 'tailport="in solver_run_id:w"' in backward
    assert 'headport="out solver_run_id:e"' in backward
    assert "constraint=false" in backward
    assert not any("constraint" in look for look in looks.values())


def test_what_is_not_drawn_has_no_edges() -> None:
    assert edges(small_schema([_Base.metadata.tables["part"], _Base.metadata.tables["piece"]])) == {
        ("piece", "part"): 1
    }


def test_an_array_of_ids_of_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_Base.metadata.tables["part"].columns["release_ids"].info, "refers_to", "release.uuid")
    with pytest.raises(ConfigurationError, match=r"part\.release_ids: .*'release\.uuid'"):
        small_schema()


def small_closure() -> Closure:
    """Two versions of b and two of c below a; one of c was not solved, d never; e is below d's sibling c only."""
    builder = ClosureBuilder()
    a = builder.node(0, ("a", "1", INDEX))
    b = [builder.node(0, ("b", version, INDEX)) for version in ("1", "2")]
    c = [builder.node(0, ("c", "1", INDEX)), builder.node(0, ("c", "2", None))]
    d, e = builder.node(0, ("d", "1", None)), builder.node(0, ("e", "1", INDEX))
    all_b, all_c, all_d, all_e = (builder.add_set(nodes) for nodes in (b, c, [d], [e]))
    builder.node_sets[a] = [all_b, all_d]
    builder.node_sets[b[0]] = builder.node_sets[b[1]] = [all_c]
    builder.node_sets[c[0]] = [all_e, all_b]
    return builder.build({("a", "1", INDEX): [a]})


def closure_nodes(source: str) -> dict[str, tuple[str, str, str]]:
    """Number, text and look of each package of a picture."""
    found = re.findall(r"^\t+(p\d+) \[label=<<B>(.*?)</B><BR/><FONT[^>]*>(.*?)</FONT>> (.*)\]$", source, re.MULTILINE)
    return {unescape(name): (number, text, look) for number, name, text, look in found}


def test_a_closure_picture_holds_packages_with_counts_and_marks() -> None:
    source = closure_graph(small_closure()).source
    nodes = closure_nodes(source)
    assert {name: text for name, (_, text, _) in nodes.items()} == {
        "a": "1 version",
        "b": "2 versions",
        "c": "2 versions, 1 not solved",
        "d": "1 version, not solved",
        "e": "1 version",
    }
    assert [name for name, (_, _, look) in nodes.items() if "dashed" in look] == ["d"]
    assert [name for name, (_, _, look) in nodes.items() if "penwidth=3" in look] == ["a"]
    names = {number: name for name, (number, _, _) in nodes.items()}
    labels = {(names[start], names[end]): re.findall(r"label=(\d+)", look) for start, end, look in EDGE.findall(source)}
    assert labels == {
        ("a", "b"): ["2"],
        ("a", "d"): ["1"],
        ("b", "c"): ["4"],
        ("c", "b"): ["2"],
        ("c", "e"): ["1"],
    }
    assert re.search(rf"rank=source\]\n\t+{nodes['a'][0]}\n", source)
    assert "What a 1 depends on" in source
    assert "5 packages, 7 versions, 10 edges between versions" in source
    assert "left out" not in source


def test_a_closure_picture_leaves_out_what_is_far_and_says_so() -> None:
    source = closure_graph(small_closure(), "A <title>", most_names=3).source
    assert list(closure_nodes(source)) == ["a", "b", "d"]
    assert len(EDGE.findall(source)) == 2
    assert "2 packages left out" in source
    assert "A &lt;title&gt;" in source
    assert list(closure_nodes(closure_graph(small_closure(), most_names=2).source)) == ["a", "b"]  # b has more edges
    with pytest.raises(ConfigurationError, match="most_names is 0"):
        closure_graph(small_closure(), most_names=0)


def test_of_equally_near_packages_those_with_most_edges_stay() -> None:
    builder = ClosureBuilder()
    root = builder.node(0, ("root", "1", INDEX))
    few = builder.add_set([builder.node(0, ("a-few", "1", INDEX))])
    many = builder.add_set([builder.node(0, ("many", version, INDEX)) for version in ("1", "2")])
    builder.node_sets[root] = [few, many]
    closure = builder.build({("root", "1", INDEX): [root]})
    assert list(closure_nodes(closure_graph(closure, most_names=2).source)) == ["root", "many"]


def test_the_order_within_a_closure_does_not_matter() -> None:
    def closure(names: Iterable[str]) -> Closure:
        builder = ClosureBuilder()
        root = builder.node(0, ("root", "1", INDEX))
        builder.node_sets[root] = [builder.add_set([builder.node(0, (name, "1", None))]) for name in names]
        return builder.build({("root", "1", INDEX): [root]})

    assert closure_graph(closure("xyz")).source == closure_graph(closure("zxy")).source


def test_roots_that_were_never_solved_and_roots_on_any_index() -> None:
    builder = ClosureBuilder()
    node = builder.node(0, ("a", "1", INDEX))
    roots = {("a", "1", None): [node], ("b:c", "1", INDEX): [], ("d", "1", INDEX): [], ("e", "1", INDEX): []}
    source = closure_graph(builder.build(roots)).source
    nodes = closure_nodes(source)
    assert {name: text for name, (_, text, _) in nodes.items()} == {
        "a": "1 version",
        **dict.fromkeys(("b:c", "d", "e"), "1 version, not solved"),
    }
    assert all("penwidth=3" in look for _, _, look in nodes.values())
    assert "What a 1, b:c 1, d 1 and 1 more depends on" in source


def test_a_version_solved_in_one_environment_is_solved(tmp_path: Path) -> None:
    builder = ClosureBuilder()
    builder.node(0, ("a", "1", INDEX))
    builder.node(1, ("a", "1", None))
    assert closure_nodes(closure_graph(builder.build({})).source)["a"][1] == "1 version"
    assert write_closure_image(tmp_path / "nothing.png", Closure()).read_bytes().startswith(PNG_SIGNATURE)


def test_equal_input_makes_equal_pictures_in_every_process(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tests.graph.test_pictures import *\n"
        f"for schema in SCHEMAS: write_schema_image(Path({str(tmp_path)!r}, f'{{seed}}-{{schema}}.dot'), schema)\n"
        f"write_closure_image(Path({str(tmp_path)!r}, f'{{seed}}-closure.dot'), small_closure())"
    )
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code.replace("{seed}", seed)]
        subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": seed}, check=True)
    for name in (*SCHEMAS, "closure"):
        first, second = (tmp_path / f"{seed}-{name}.dot" for seed in ("1", "2"))
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_png_and_svg_of_a_schema(tmp_path: Path, schema: Schema) -> None:
    png = write_schema_image(tmp_path / "schema.PNG", schema)
    assert png.read_bytes().startswith(PNG_SIGNATURE)
    svg = write_schema_image(str(tmp_path / "schema.svg"), schema)
    texts = {text.text for text in ElementTree.parse(svg).iter(f"{SVG}text")}
    assert {table.name for table in expected_tables(schema)} <= texts
    assert sorted(tmp_path.iterdir()) == [png, svg]


def test_png_and_svg_of_a_closure(tmp_path: Path) -> None:
    assert write_closure_image(tmp_path / "a.png", small_closure()).read_bytes().startswith(PNG_SIGNATURE)
    svg = ElementTree.parse(write_closure_image(tmp_path / "a.svg", small_closure()))
    assert set("abcde") <= {text.text for text in svg.iter(f"{SVG}text")}


@pytest.mark.parametrize("name", ["schema.gif", "schema", "png"])
def test_an_unknown_ending_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name}: .* \.png, \.svg, \.dot, \.pdf$"):
        write_schema_image(tmp_path / name, "main")


def test_an_unknown_schema_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'secondary', only main, cache, performance"):
        write_schema_image(tmp_path / "schema.dot", "secondary")  # type: ignore[arg-type]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing/schema\.dot: cannot be written: No such file"):
        write_schema_image(tmp_path / "missing" / "schema.dot", "cache")
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(ConfigurationError, match=r"folder\.dot: cannot be written: Is a directory"):
        write_schema_image(tmp_path / "folder.dot", "cache")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.dot"]


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found, empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return folder


def program(path: Path, body: str) -> None:
    interpreter = Path(sys.prefix, "bin", "python")
    path.write_text(f"#!{interpreter}\nimport sys\ngraph = sys.stdin.read()\n{body}\n")
    path.chmod(0o755)


def test_without_a_program_that_draws_the_error_says_what_to_install(tmp_path: Path, bin_dir: Path) -> None:
    with pytest.raises(NotFoundError, match=r"\.png: .*install Graphviz .* pip install 'thoth-storages\[schema\]'"):
        write_schema_image(tmp_path / "schema.png", "cache")
    with pytest.raises(NotFoundError, match=r"\.pdf: .*install Graphviz \(its command dot on PATH\)$"):
        write_schema_image(tmp_path / "schema.pdf", "cache")
    assert write_schema_image(tmp_path / "schema.dot", "cache").read_text() == schema_graph("cache").source


def test_graphviz_draws_rather_than_its_port(tmp_path: Path, bin_dir: Path) -> None:
    program(bin_dir / "graphviz-pure", "print('port', sys.argv[1])")
    assert write_schema_image(tmp_path / "schema.svg", "cache").read_text() == "port -Tsvg\n"
    with pytest.raises(NotFoundError, match=r"schema\.pdf"):
        write_schema_image(tmp_path / "schema.pdf", "cache")
    program(bin_dir / "dot", "print('dot', sys.argv[1], graph.startswith('digraph'))")
    assert write_schema_image(tmp_path / "schema.svg", "cache").read_text() == "dot -Tsvg True\n"
    assert write_schema_image(tmp_path / "schema.pdf", "cache").read_text() == "dot -Tpdf True\n"


def test_a_program_that_fails_is_an_error_and_the_old_picture_stays(tmp_path: Path, bin_dir: Path) -> None:
    picture = tmp_path / "schema.svg"
    picture.write_text("old")
    program(bin_dir / "dot", "print('half'); sys.exit('out of paper')")
    with pytest.raises(ThothStorageException, match=r"schema\.svg: cannot be drawn: .*/dot: out of paper"):
        write_schema_image(picture, "cache")
    program(bin_dir / "dot", "")
    with pytest.raises(ThothStorageException, match="exit status 0, and no picture"):
        write_schema_image(picture, "cache")
    (bin_dir / "dot").write_text("#!/no/such/interpreter\n")
    with pytest.raises(ThothStorageException, match="No such file"):
        write_schema_image(picture, "cache")
    assert picture.read_text() == "old"


def test_the_command_writes_pictures_and_prints_their_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(generate_schema, [], catch_exceptions=False)
    assert done.output.splitlines() == ["schema.png", "schema_cache.png"]
    assert all(Path(line).read_bytes().startswith(PNG_SIGNATURE) for line in done.output.splitlines())
    names = ["a.dot", "b.dot", "--performance-image", "c.dot"]
    done = CliRunner().invoke(generate_schema, names, catch_exceptions=False)
    assert done.output.splitlines() == ["a.dot", "b.dot", "c.dot"]
    sources = [Path(line).read_text() for line in done.output.splitlines()]
    assert sources == [schema_graph("main").source, schema_graph("cache").source, schema_graph("performance").source]
