"""What is logged: statements and statistics when they are asked for, and a password never."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.exceptions import NotFoundError
from thoth.storages.graph.query_log import laid_out, shown_parameters

A = ("a", "1.0", PYPI)


@pytest.fixture
def filled(graph: GraphDatabase) -> GraphDatabase:
    graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])]))
    return graph


class TestPassword:
    PASSWORD = "p@ss:w/ör%d'\" \\ #?&="

    @pytest.fixture
    def role(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """A user with a password of any characters; the environment names it."""
        role = f"us:er/%40 {os.getpid()}"
        with graph.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            quoted = psycopg2.extensions.quote_ident(role, raw).replace("%", "%%")
            with raw.cursor() as cursor:
                cursor.execute(f"CREATE ROLE {quoted} LOGIN SUPERUSER PASSWORD %s", (self.PASSWORD,))
            raw.commit()
            with monkeypatch.context() as patch:
                patch.setenv("KNOWLEDGE_GRAPH_USER", role)
                patch.setenv("KNOWLEDGE_GRAPH_PASSWORD", self.PASSWORD)
                yield role
            with raw.cursor() as cursor:
                cursor.execute(f"DROP ROLE {quoted}", ())
            raw.commit()

    def test_of_any_characters(
        self, role: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("THOTH_STORAGES_DEBUG_QUERIES", "1")
        monkeypatch.setenv("THOTH_STORAGES_LOG_STATS", "1")
        with GraphDatabase() as adapter:
            assert adapter.get_python_packages() == set()
            with adapter.session() as session:
                assert session.execute(text("SELECT current_user")).scalar_one() == role
            told = [repr(adapter), repr(adapter.engine), str(adapter.engine.url), repr(KnowledgeGraphConfig())]
            with pytest.raises(NotFoundError) as error:
                adapter.get_depends_on(*A, **RHEL)
            told += [str(error.value), repr(error.value)]
        engine = create_engine(GraphDatabase.construct_connection_string(), poolclass=NullPool)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT current_user")).scalar_one() == role
        told.append(caplog.text)
        assert not [each for each in told if self.PASSWORD in each or "p%40ss" in each or "p@ss" in each]


class TestLogging:
    def messages(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name.startswith("thoth.storages")]

    @pytest.mark.parametrize("value", ["0", "1"])
    def test_queries(
        self, filled: GraphDatabase, value: str, monkeypatch: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_DEBUG_QUERIES", value)
        caplog.set_level(logging.INFO)
        with GraphDatabase() as adapter:
            adapter.get_depends_on(*A, **RHEL)
        logged = [message for message in self.messages(caplog) if " ms, " in message]
        if value == "0":
            assert logged == []
        else:
            (message,) = logged
            first, *lines = message.splitlines()
            assert re.fullmatch(r"get_depends_on: \d+\.\d+ ms, 1 row", first)
            assert lines[0].startswith("    SELECT DISTINCT ")
            assert any(line.startswith("    FROM ") for line in lines)
            assert "    -- package_name = 'a'" in lines

    def test_a_statement_that_fails(
        self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_DEBUG_QUERIES", "1")
        caplog.set_level(logging.INFO)
        with GraphDatabase() as adapter, pytest.raises(ProgrammingError), adapter.session() as session:
            session.execute(text("SELECT nothing_of_that_name"))
        (message,) = (message for message in self.messages(caplog) if " ms, " in message)
        assert re.match(r"-: \d+\.\d+ ms, failed: 42703\n    SELECT nothing_of_that_name$", message)

    def test_is_seen_where_nobody_set_logging_up(self, filled: GraphDatabase) -> None:
        """Who sets the variable wants to see something: warnings alone are shown by default."""
        code = """
import logging, sys
from thoth.storages import GraphDatabase
if sys.argv[1:]:
    logging.basicConfig(level=sys.argv[1])
with GraphDatabase() as graph:
    graph.get_python_packages()
"""
        variables = {"THOTH_STORAGES_DEBUG_QUERIES": "1", "THOTH_STORAGES_LOG_STATS": "1"}
        for words in ([], ["WARNING"]):
            done = subprocess.run(
                [sys.executable, "-c", code, *words],
                env={**os.environ, **variables},
                capture_output=True,
                text=True,
                check=True,
            )
            assert len(re.findall(r"get_python_packages: .* ms, 2 rows$", done.stderr, re.MULTILINE)) == 1, words
            assert done.stderr.count("'get_python_packages': {'calls': 1") == 1, words

    @pytest.mark.parametrize("value", [None, "0", "1"])
    def test_statistics(
        self, filled: GraphDatabase, value: str | None, monkeypatch: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """`int(bool("0"))` switched statistics on."""
        if value is not None:
            monkeypatch.setenv("THOTH_STORAGES_LOG_STATS", value)
        caplog.set_level(logging.INFO)
        with GraphDatabase() as adapter:
            adapter.get_depends_on(*A, **RHEL)
        adapter.disconnect()
        logged = [record for record in caplog.records if "statistics" in record.getMessage()]
        if value == "1":
            (record,) = logged
            assert record.levelno == logging.INFO
            assert "'get_depends_on': {'hits': 0, 'misses': 1" in record.getMessage()
        else:
            assert logged == []

    def test_statistics_without_a_database(
        self, filled: GraphDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is not told does not keep the adapter from going away."""
        monkeypatch.setenv("THOTH_STORAGES_LOG_STATS", "1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RECONNECT_TIMEOUT", "0")
        caplog.set_level(logging.INFO)
        adapter = GraphDatabase()
        adapter.connect()
        adapter.get_depends_on(*A, **RHEL)
        adapter.engine.dispose()
        monkeypatch.setattr(adapter, "_engine", create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/thoth"))
        adapter.disconnect()
        assert not adapter.is_connected()
        (message,) = (message for message in self.messages(caplog) if message.startswith("statistics"))
        assert "'get_depends_on': {'hits': 0, 'misses': 1" in message
        assert "the tables are not known: " in message

    def test_statistics_of_a_cache_that_answers_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_LOG_STATS", "1")
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "1")
        caplog.set_level(logging.INFO)
        with GraphDatabase() as adapter, pytest.raises(NotFoundError):
            adapter.get_depends_on(*A, **RHEL)
        (message,) = (message for message in self.messages(caplog) if message.startswith("statistics"))
        assert "'get_depends_on': {'hits': 0, 'misses': 2}" in message


def test_statements_are_indented_by_what_they_are_in() -> None:
    """They are put together of parts, each with an indentation of its own."""
    statement = """
        SELECT a FROM (
    SELECT b
            FROM c WHERE (d = 1
      AND e = 2)
        ) AS f
    """
    assert laid_out(statement) == [
        "SELECT a FROM (",
        "    SELECT b",
        "    FROM c WHERE (d = 1",
        "        AND e = 2)",
        ") AS f",
    ]


class TestSecrets:
    @pytest.mark.parametrize(
        ("name", "value", "shown"),
        [
            ("index_url", "https://user:s3cret@example.com/simple", "'https://***@example.com/simple'"),
            ("index_url", "https://t0ken@example.com:8080/a@b", "'https://***@example.com:8080/a@b'"),
            ("index_url", PYPI, repr(PYPI)),
            ("access_token", "s3cret", "***"),
            ("package_name", "secrets", "'secrets'"),
            ("document", '{"token": "s3cret", "name": "a"}', '\'{"token": ***, "name": "a"}\''),
            ("document", {"password": "s3'cret", "n": 1}, "{'password': ***, 'n': 1}"),
            ("origin", "https://example.com/?token=s3cret&page=1", "'https://example.com/?token=***&page=1'"),
            ("message", "cloned with ghp_0123456789abcdef", "'cloned with ***'"),
            ("header", "Authorization: Bearer abc.def", "'Authorization: Bearer ***'"),
            ("digests", ["a" * 64] * 100, repr(["a" * 64] * 100)[:200] + "... (100 items)"),
            ("text", "x" * 1000, "'" + "x" * 199 + "... (1002 characters)"),
        ],
    )
    def test_are_not_shown(self, name: str, value: Any, shown: str) -> None:
        assert shown_parameters({name: value}) == [f"-- {name} = {shown}"]

    def test_parameters_without_names(self) -> None:
        assert shown_parameters(("a", 1)) == ["-- 'a'", "-- 1"]
        assert shown_parameters(None) == []
