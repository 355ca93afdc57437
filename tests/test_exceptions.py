"""One hierarchy of errors; what a database says becomes one of them."""

from __future__ import annotations

import inspect
import pickle

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from thoth.storages import GraphDatabase, exceptions
from thoth.storages.exceptions import (
    CacheMiss,
    DatabaseNotInitialized,
    MultipleFoundError,
    NotConnected,
    NotFoundError,
    PerformanceIndicatorNotRegistered,
    PythonIndexNotRegistered,
    RetryTransaction,
    SchemaError,
    ThothStorageException,
)
from thoth.storages.graph.errors import is_transient, translated

ERRORS = [
    value
    for value in vars(exceptions).values()
    if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == exceptions.__name__
]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_one_of_the_hierarchy(error: type[Exception]) -> None:
    assert issubclass(error, ThothStorageException)
    assert inspect.getdoc(error)
    told = pickle.loads(pickle.dumps(error("what happened")))
    assert type(told) is error
    assert str(told) == "what happened"


def test_names_that_services_catch() -> None:
    assert {
        ThothStorageException,
        NotFoundError,
        SchemaError,
        CacheMiss,
        NotConnected,
        MultipleFoundError,
        PythonIndexNotRegistered,
        PerformanceIndicatorNotRegistered,
        DatabaseNotInitialized,
        RetryTransaction,
    } <= set(ERRORS)


@pytest.mark.parametrize("error", [CacheMiss, PythonIndexNotRegistered, PerformanceIndicatorNotRegistered])
def test_kinds_of_not_found(error: type[Exception]) -> None:
    assert issubclass(error, NotFoundError)


def raised_by(graph: GraphDatabase, statement: str) -> DBAPIError:
    """Return what SQLAlchemy raises for a statement."""
    with graph.engine.connect() as connection, pytest.raises(DBAPIError) as error:
        connection.execute(text(statement))
    return error.value


def raising(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{code}'; END $$"


@pytest.mark.parametrize(
    ("statement", "kind", "transient"),
    [
        (raising("40001"), RetryTransaction, True),
        (raising("40P01"), RetryTransaction, True),
        (raising("57P01"), NotConnected, True),
        (raising("08006"), NotConnected, True),
        (raising("54000"), SchemaError, False),
        ("SELECT 1 / 0", SchemaError, False),
        ("SELECT CAST('x' AS int)", SchemaError, False),
        ("SELECT * FROM no_such_table", DatabaseNotInitialized, False),
    ],
)
def test_what_the_server_says(graph: GraphDatabase, statement: str, kind: type[Exception], transient: bool) -> None:
    error = raised_by(graph, statement)
    assert is_transient(error) is transient
    told = translated(error, "somewhere:5432/thoth")
    assert type(told) is kind
    assert str(told).startswith("somewhere:5432/thoth: ")
    assert "\n" not in str(told)


@pytest.mark.parametrize("statement", [raising("23505"), raising("42601"), "SELECT no_such_column FROM python_release"])
def test_faults_of_the_library_stay_what_they_are(graph: GraphDatabase, statement: str) -> None:
    error = raised_by(graph, statement)
    assert not is_transient(error)
    assert translated(error, "somewhere") is error


def test_other_errors() -> None:
    assert is_transient(RetryTransaction("met another"))
    assert not is_transient(ValueError("x"))
    error = ValueError("x")
    assert translated(error, "somewhere") is error
    assert isinstance(translated(PoolTimeoutError("x"), "somewhere"), NotConnected)
    for kind in (OperationalError, InterfaceError):
        lost = kind("SELECT 1", {}, Exception("server closed the connection"), connection_invalidated=True)
        assert is_transient(lost)
        assert isinstance(translated(lost, "somewhere"), NotConnected)
