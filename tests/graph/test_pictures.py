"""Pictures of the schemas and of closures: everything is in them, and they become files that programs can open."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from thoth.storages.cli.pictures import generate_schema
from thoth.storages.exceptions import ConfigurationError, NotFoundError, ThothStorageException
from thoth.storages.graph.closure import Closure, ClosureBuilder
from thoth.storages.graph.closure_image import closure_graph, write_closure_image
from thoth.storages.graph.schema_dot import diagram_graph
from thoth.storages.graph.schema_image import (
    Schema,
    is_picture_of,
    schema_diagram,
    tables_diagram,
    write_schema_image,
)

ROOT = Path(__file__).parents[2]
SCHEMAS: tuple[Schema, ...] = get_args(Schema)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"
INDEX = "https://pypi.org/simple"

EDGE = re.compile(r"^\t+(\w+) -> (\w+) \[(.*)\]$", re.MULTILINE)


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
    assert {table.name for table in schema_diagram(schema).tables} <= texts
    assert sorted(tmp_path.iterdir()) == [png, svg]


def test_png_and_svg_of_a_closure(tmp_path: Path) -> None:
    assert write_closure_image(tmp_path / "a.png", small_closure()).read_bytes().startswith(PNG_SIGNATURE)
    svg = ElementTree.parse(write_closure_image(tmp_path / "a.svg", small_closure()))
    assert set("abcde") <= {text.text for text in svg.iter(f"{SVG}text")}


@pytest.mark.parametrize("name", ["schema.gif", "schema", "png"])
def test_an_unknown_ending_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name}: .* \.png, \.svg, \.pdf, \.dot, \.mmd, \.dia$"):
        write_schema_image(tmp_path / name, "main")
    with pytest.raises(ConfigurationError, match=rf"{name}: .* \.png, \.svg, \.dot, \.pdf, \.mmd$"):
        write_closure_image(tmp_path / name, small_closure())


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
    assert (
        write_schema_image(tmp_path / "schema.dot", "cache").read_text()
        == diagram_graph(schema_diagram("cache")).source
    )


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


def run(*words: str) -> list[str]:
    """The paths that the command prints."""
    return CliRunner().invoke(generate_schema, words, catch_exceptions=False).output.splitlines()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_pictures_and_prints_their_paths(here: Path) -> None:
    paths = run()
    assert paths == ["schema.png", "schema_cache.png", "schema_performance.png"]
    for path, schema in zip(paths, SCHEMAS, strict=True):
        assert Path(path).read_bytes().startswith(PNG_SIGNATURE)
        assert is_picture_of(path, schema_diagram(schema))
    paths = run("a.dot", "b.mmd", "c.dia", "--all-columns")
    assert paths == ["a.dot", "b.mmd", "c.dia"]
    for path, schema in zip(paths, SCHEMAS, strict=True):
        assert is_picture_of(path, schema_diagram(schema, all_columns=True))


def test_the_command_draws_what_is_chosen_and_nothing_else(here: Path) -> None:
    assert run("--topic", "solvers", "a.dot") == ["a.dot"]
    assert is_picture_of("a.dot", tables_diagram(topics=["solvers"]))
    words = [
        "--topic",
        "solvers",
        "--topic",
        "indexes",
        "--table",
        "cve",
        "--table",
        "pi_matmul",
        "--depth",
        "2",
        "b.mmd",
    ]
    assert run(*words) == ["b.mmd"]
    chosen = tables_diagram(topics=["solvers", "indexes"], tables=["cve", "pi_matmul"], depth=2)
    assert is_picture_of("b.mmd", chosen)
    assert run("--table", "packed_solved", "--depth", "0", "--all-columns") == ["schema.png"]
    assert is_picture_of("schema.png", tables_diagram(tables=["packed_solved"], depth=0, all_columns=True))
    assert sorted(path.name for path in here.iterdir()) == ["a.dot", "b.mmd", "schema.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.png", "b.png", "--topic", "solvers"], r"b\.png: with --topic or --table one picture is drawn, a\.png"),
        (["--depth", "2"], "--depth is of no use without --topic or --table"),
        (["--topic", "nothing"], "no topic is named 'nothing', only advisers, "),
        (["--table", "nothing"], "no table is named 'nothing', only advised, "),
        (["--table", "cve", "--depth", "-1"], "depth is -1"),
    ],
)
def test_a_choice_that_cannot_be_drawn_is_an_error(here: Path, words: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(*words)
    assert not list(here.iterdir())


def test_pictures_of_a_pdf_need_graphviz_and_those_of_a_source_nothing(tmp_path: Path, bin_dir: Path) -> None:
    for ending in ("png", "svg", "dia"):
        with pytest.raises(NotFoundError, match=rf"\.{ending}: .* draws \.{ending} .* pip install"):
            write_schema_image(tmp_path / f"a.{ending}", "cache")
    for ending in ("dot", "mmd"):
        assert is_picture_of(write_schema_image(tmp_path / f"a.{ending}", "cache"), schema_diagram("cache"))
