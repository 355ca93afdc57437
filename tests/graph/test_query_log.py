"""What is logged: statements and statistics when they are asked for, and a password never."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.exceptions import NotFoundError

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
        logged = [message for message in self.messages(caplog) if "rows:" in message]
        if value == "0":
            assert logged == []
        else:
            (message,) = logged
            assert re.match(r"\d+\.\d+ ms, 1 rows: SELECT DISTINCT .*'package_name': 'a'", message)
            assert "FROM python_package_version" in message

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
