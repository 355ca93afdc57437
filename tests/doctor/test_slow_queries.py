"""What takes most of the server's time, by the counts of a real server."""

from __future__ import annotations

import pytest

from tests.doctor.conftest import execute, fault
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import ConfigurationError
from thoth.storages.graph.query_log import counted_statements


def test_what_took_longest_comes_first(doctored: GraphDatabase) -> None:
    made = 'CREATE SCHEMA "of\\: statistics"'
    with fault(made, 'DROP SCHEMA "of\\: statistics" CASCADE'):
        execute('CREATE EXTENSION pg_stat_statements SCHEMA "of\\: statistics"')
        execute('SELECT "of\\: statistics".pg_stat_statements_reset()')
        execute("SELECT pg_sleep(0.01)", "SELECT pg_sleep(0.03)")
        for name in ("flask", "click"):
            doctored.python_package_exists(name)
        with counted_statements(doctored.engine) as statements:
            slowest, *others = doctored.slow_queries(count=5)
        assert len(doctored.slow_queries(count=1)) == 1
    assert len(statements) == 2
    assert (slowest["statement"], slowest["calls"], slowest["rows"]) == ("SELECT pg_sleep($1)", 2, 2)
    assert slowest["total_seconds"] >= 0.04
    assert slowest["mean_seconds"] == pytest.approx(slowest["total_seconds"] / 2)
    assert slowest["mean_seconds"] < slowest["max_seconds"] < slowest["total_seconds"]
    assert slowest["blocks_read"] >= 0
    (of_ours,) = (each for each in others if "python_release" in each["statement"])
    assert of_ours["calls"] == 2
    assert "flask" not in of_ours["statement"]


def test_without_the_extension(doctored: GraphDatabase) -> None:
    with pytest.raises(ConfigurationError, match="not there: CREATE EXTENSION pg_stat_statements"):
        doctored.slow_queries()


def test_on_a_server_that_did_not_load_it(graph: GraphDatabase) -> None:
    extension = fault("CREATE EXTENSION pg_stat_statements", "DROP EXTENSION pg_stat_statements")
    with extension, pytest.raises(ConfigurationError, match="not loaded: name it in shared_preload_libraries"):
        graph.slow_queries()


def test_a_count_that_is_none(doctored: GraphDatabase) -> None:
    with pytest.raises(ValueError, match="count=0: must be at least 1"):
        doctored.slow_queries(count=0)
