"""Environment variables: defaults, values, and errors that name variable and value."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from thoth.storages import GraphDatabase
from thoth.storages.config import (
    GRAPH_CACHE,
    VARIABLES,
    GraphCacheConfig,
    KnowledgeGraphConfig,
)
from thoth.storages.exceptions import ConfigurationError, NotConnected, StoreError
from thoth.storages.solvers import SolverResultsStore
from thoth.storages.variables import Variable

SWITCHES = [variable for variable in VARIABLES if isinstance(variable.default, bool)]
NUMBERS = [variable for variable in VARIABLES if type(variable.default) is int]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        for name in (variable.name, variable.fallback):
            if name:
                monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_default_when_unset_or_empty(variable: Variable[object], monkeypatch: pytest.MonkeyPatch) -> None:
    assert variable.read() == variable.default
    monkeypatch.setenv(variable.name, "")
    assert variable.read() == variable.default
    assert variable.meaning


@pytest.mark.parametrize("variable", SWITCHES, ids=lambda variable: variable.name)
@pytest.mark.parametrize(
    ("text", "value"),
    [("0", False), ("1", True), ("true", True), ("FALSE", False), ("yes", True), ("no", False)],
)
def test_switches(variable: Variable[object], text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable.name, text)
    assert variable.read() is value


@pytest.mark.parametrize("variable", [*SWITCHES, *NUMBERS], ids=lambda variable: variable.name)
@pytest.mark.parametrize("text", ["on?", "-7", "1.5"])
def test_errors_name_variable_and_value(variable: Variable[object], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable.name, text)
    with pytest.raises(ConfigurationError) as error:
        variable.read()
    assert variable.name in str(error.value)
    assert text in str(error.value)


def test_port_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_PORT", "70000")
    with pytest.raises(ConfigurationError, match="KNOWLEDGE_GRAPH_PORT='70000'"):
        KnowledgeGraphConfig()


def test_older_name_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH_SERVICE_HOST", "older")
    assert KnowledgeGraphConfig().host == "older"
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "newer")
    assert KnowledgeGraphConfig().host == "newer"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db", [("db", 5432)]),
        ("h1:1,h2", [("h1", 1), ("h2", 5432)]),
        (" h1 , h2:2 ", [("h1", 5432), ("h2", 2)]),
        ("::1", [("::1", 5432)]),
        ("[::1]:6432", [("::1", 6432)]),
        ("/run/postgresql", [("/run/postgresql", 5432)]),
    ],
)
def test_hosts(text: str, expected: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", text)
    assert KnowledgeGraphConfig().hosts == expected


@pytest.mark.parametrize("text", ["h1,,h2", "h1:x", "h1:0", ","])
def test_hosts_that_are_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", text)
    with pytest.raises(ConfigurationError) as error:
        _ = KnowledgeGraphConfig().hosts
    assert "KNOWLEDGE_GRAPH_HOST" in str(error.value)
    assert text in str(error.value)


def test_password_with_any_character_reaches_the_url_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    password = "p@ss:w/ör%d?&'\" #"
    monkeypatch.setenv("KNOWLEDGE_GRAPH_PASSWORD", password)
    assert make_url(GraphDatabase.construct_connection_string()).password == password
    config = KnowledgeGraphConfig()
    assert "p@ss" not in repr(config)
    assert "p@ss" not in str(config)
    assert "p@ss" not in config.place


def test_several_hosts_are_given_to_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "h1:1,h2:2")
    monkeypatch.setenv("KNOWLEDGE_GRAPH_SSL_DISABLED", "1")
    query = make_url(GraphDatabase.construct_connection_string()).query
    assert query["host"] == "h1,h2"
    assert query["port"] == "1,2"
    assert query["target_session_attrs"] == "read-write"
    assert query["sslmode"] == "disable"


def test_settings_are_read_on_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert GraphCacheConfig().path is None
    monkeypatch.setenv(GRAPH_CACHE.name, str(tmp_path / "cache"))
    assert GraphCacheConfig().path == str(tmp_path / "cache")


@pytest.mark.parametrize("hosts", ["127.0.0.1:1", "127.0.0.1:1,127.0.0.1:2", "no-such-host.invalid"])
def test_password_is_in_no_error_and_no_log(
    hosts: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", hosts)
    monkeypatch.setenv("KNOWLEDGE_GRAPH_PASSWORD", "s3cret word")
    monkeypatch.setenv("THOTH_STORAGES_DEBUG_QUERIES", "1")
    caplog.set_level("DEBUG")
    graph = GraphDatabase()
    messages = [repr(graph), str(graph)]
    for call in (graph.connect, graph.initialize_schema):
        with pytest.raises(NotConnected) as error:
            call()
        messages += [str(error.value), repr(error.value), *(str(error.value.__cause__),)]
    assert not graph.is_connected()
    assert "s3cret" not in "".join([*messages, caplog.text])
    assert hosts.split(",", maxsplit=1)[0] in messages[2]


HOSTILE = (
    *(
        "\udcff",
        "a\nb",
        " ",
        "\x01",
        "x" * 100_000,
        "9" * 5000,
        "-1",
        "nan",
        "-inf",
        "1e400",
        "99999999999",
        "1_0",
        "٣",
    ),
    *("../..", "/dev/full", "http://[", "http://a b/", "file:///%00", "h:1,", "[::1]:99999", "%s{0}", "'\"\\"),
)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_hostile_values(variable: Variable[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read, or are an error of one line that names the variable."""
    for text in HOSTILE:
        monkeypatch.setenv(variable.name, text)
        try:
            variable.read()
        except ConfigurationError as error:
            assert str(error).startswith(variable.name)
            assert len(str(error)) < 500
            assert str(error).encode()
            assert "\n" not in str(error)


@pytest.mark.parametrize("variable", NUMBERS, ids=lambda variable: variable.name)
def test_numbers_are_no_larger_than_what_they_are_given_to(
    variable: Variable[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket and poll take milliseconds in 31 bits, and tries one after the other take a frame each."""
    monkeypatch.setenv(variable.name, str(2**31))
    with pytest.raises(ConfigurationError, match=rf"^{variable.name}='2147483648': (must be at most \d+$|not a port)"):
        variable.read()


@pytest.mark.parametrize("name", ["KNOWLEDGE_GRAPH_PASSWORD", "THOTH_CEPH_SECRET_KEY"])
def test_secret_that_cannot_be_read_is_not_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (variable,) = (each for each in VARIABLES if each.name == name)
    monkeypatch.setenv(name, "s3cret\udcff")
    with pytest.raises(ConfigurationError, match=f"^{name}: not UTF-8$"):
        variable.read()


@pytest.fixture
def folder_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bucket").mkdir()
    monkeypatch.setenv("THOTH_S3_ENDPOINT_URL", tmp_path.as_uri())
    monkeypatch.setenv("THOTH_CEPH_BUCKET", "bucket")
    monkeypatch.setenv("THOTH_CEPH_BUCKET_PREFIX", "prefix/of")
    monkeypatch.setenv("THOTH_DEPLOYMENT_NAME", "test")


@pytest.mark.usefixtures("folder_store")
@pytest.mark.parametrize("name", ["THOTH_CEPH_BUCKET_PREFIX", "THOTH_DEPLOYMENT_NAME"])
@pytest.mark.parametrize("text", ["..", "a/../../b", "/a", "a/", "a//b", "./a", "x" * 256])
def test_what_would_leave_its_place_in_the_store(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    SolverResultsStore().connect()
    monkeypatch.setenv(name, text)
    with pytest.raises(ConfigurationError, match=rf"^{name}='"):
        SolverResultsStore()


@pytest.mark.usefixtures("folder_store")
def test_bucket_with_too_long_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_CEPH_BUCKET", "b" * 300)
    with pytest.raises(StoreError, match="no such bucket: File name too long"):
        SolverResultsStore().connect()
