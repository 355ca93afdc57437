"""Passwords, settings, refusals, a standby, and the commands."""

from __future__ import annotations

import json
import socket
import stat
import tempfile
from pathlib import Path

import psycopg2
import pytest
from click.testing import CliRunner

from tests.embedded.servers import (
    ask,
    becomes_true,
    command_lines,
)
from thoth.storages.cli.db import db
from thoth.storages.config import EMBEDDED_DATA
from thoth.storages.embedded import (
    EmbeddedServer,
    start,
    startup,
)
from thoth.storages.exceptions import EmbeddedServerError, ThothStorageException


class TestSecrets:
    def test_password_is_shown_to_nobody(self, place: Path) -> None:
        server = start(place / "data", volatile=True)
        password = server.environment()["KNOWLEDGE_GRAPH_PASSWORD"]
        assert len(password) >= 24
        assert stat.S_IMODE((place / "data" / "password").stat().st_mode) == 0o600
        processes = command_lines()
        assert str(server.cluster_dir) in processes
        for text in (repr(server), repr(server.status()), processes, (place / "data" / "server.log").read_text()):
            assert password not in text

    def test_wrong_password_is_refused(self) -> None:
        with EmbeddedServer(volatile=True) as server:
            port = server.status().port
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                psycopg2.connect(host="127.0.0.1", port=port, user="postgres", password="x", dbname="postgres")

    def test_password_of_any_characters(self) -> None:
        with EmbeddedServer(volatile=True, password="ä@:/%' \"") as server:
            assert server.environment()["KNOWLEDGE_GRAPH_PASSWORD"] == "ä@:/%' \""
            assert "%40%3A%2F%25%27%20%22@127.0.0.1:" in server.url("a/b")
            assert server.url("a/b").endswith("/a%2Fb")
            assert ask(server, "SELECT 1") == 1

    @pytest.mark.parametrize("password", ["", "a\nb"])
    def test_password_that_cannot_be_one(self, password: str) -> None:
        with pytest.raises(EmbeddedServerError, match="password"):
            EmbeddedServer(volatile=True, password=password)


class TestRefused:
    def test_directory_of_somebody_else(self, place: Path) -> None:
        (place / "data").mkdir()
        (place / "data" / "novel.txt").write_text("once upon a time")
        with pytest.raises(EmbeddedServerError, match=rf"{place}/data: start: not empty"):
            start(place / "data")
        assert [each.name for each in (place / "data").iterdir()] == ["novel.txt"]

    def test_path_that_is_a_file(self, place: Path) -> None:
        (place / "data").write_text("")
        with pytest.raises(EmbeddedServerError, match=rf"{place}/data"):
            start(place / "data")

    def test_data_of_another_version(self, place: Path) -> None:
        with EmbeddedServer(place / "data", volatile=True) as server:
            ask(server, "CREATE TABLE kept AS SELECT 7 AS a")
        version = server.cluster_dir / "PG_VERSION"
        text = version.read_text()
        version.write_text("99\n")
        with pytest.raises(EmbeddedServerError, match=r"data is of PostgreSQL 99, .* holds PostgreSQL .* nothing was"):
            server.start()
        assert version.read_text() == "99\n"
        version.write_text(text)
        with server:
            assert ask(server, "SELECT a FROM kept") == 7

    def test_volatile_server_on_durable_data(self, place: Path) -> None:
        start(place / "data").stop()
        with pytest.raises(EmbeddedServerError, match="data is durable"):
            start(place / "data", volatile=True)

    def test_volatile_server_where_a_durable_one_is_asked_for(self, place: Path) -> None:
        server = start(place / "data", volatile=True)
        with pytest.raises(EmbeddedServerError, match="a volatile server runs"):
            start(place / "data")
        assert ask(server, "SELECT 1") == 1
        server.stop()
        server = start(place / "data")
        assert (ask(server, "SHOW fsync"), server.status().volatile) == ("on", False)

    @pytest.mark.parametrize("name", ["port", "Listen_Addresses", "a b", "", "x;y"])
    def test_setting_that_cannot_be_given(self, name: str) -> None:
        with pytest.raises(EmbeddedServerError, match="settings"):
            EmbeddedServer(volatile=True, settings={name: "1"})

    def test_server_that_does_not_start_says_why(self, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        with pytest.raises(EmbeddedServerError, match=r"postgres ended with 1: .*max_connections.*many"):
            EmbeddedServer(volatile=True, settings={"max_connections": "many"}).start()
        assert not any(place.iterdir())


class TestSettings:
    def test_value_that_no_command_line_can_hold(self) -> None:
        with pytest.raises(EmbeddedServerError, match="null byte"):
            EmbeddedServer(volatile=True, settings={"cluster_name": "a\0b"}).start()

    def test_server_that_takes_too_long(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        with pytest.raises(EmbeddedServerError, match=r"not done after 0\.1 seconds"):
            EmbeddedServer(volatile=True, timeout=0.1).start()
        with pytest.raises(EmbeddedServerError, match=r"not done after 0\.1 seconds"):
            EmbeddedServer(place / "data", timeout=0.1).start()
        assert [each.name for each in place.iterdir()] == ["data"]
        assert ask(start(place / "data"), "SELECT 1") == 1

    def test_settings_reach_the_server(self) -> None:
        name = """it's a "name" $HOME \\ """
        with EmbeddedServer(volatile=True, settings={"cluster_name": name, "fsync": "on"}) as server:
            assert ask(server, "SHOW cluster_name") == name
            assert ask(server, "SHOW fsync") == "on"

    def test_port_of_the_latest_start_is_taken(self, place: Path) -> None:
        server = start(place / "data", volatile=True)
        port = server.status().port
        server.stop()
        with socket.create_server(("127.0.0.1", port or 0)):
            assert ask(server.start(), "SELECT inet_server_port()") != port

    def test_port_is_taken_while_the_server_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            monkeypatch.setattr(startup, "_ports", lambda latest, free=startup._ports: [port, *free(latest)])
            with EmbeddedServer(volatile=True) as server:
                assert ask(server, "SELECT inet_server_port()") == server.status().port != port

    def test_caller_s_variables_of_postgresql_do_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("PGDATA", "PGPORT", "PGOPTIONS", "PGUSER", "LC_ALL"):
            monkeypatch.setenv(name, "nonsense")
        monkeypatch.delenv("PGOPTIONS")
        with EmbeddedServer(volatile=True) as server:
            assert ask(server, "SELECT 1") == 1

    def test_standby_follows(self, place: Path) -> None:
        with EmbeddedServer(place / "primary", volatile=True) as primary:
            ask(primary, "CREATE TABLE kept AS SELECT 7 AS a")
            copy = primary.standby(place / "standby", settings={"hot_standby": "on"})
            with pytest.raises(EmbeddedServerError, match="already holds a server"):
                primary.standby(place / "standby")
            with copy:
                assert ask(copy, "SELECT pg_is_in_recovery()") is True
                ask(primary, "INSERT INTO kept VALUES (8)")
                assert becomes_true(lambda: ask(copy, "SELECT count(*) FROM kept") == 2)
                assert copy.status().port != primary.status().port
                copy.run_program("pg_ctl", "promote", "-D", copy.cluster_dir)
                assert becomes_true(lambda: ask(copy, "SELECT pg_is_in_recovery()") is False)
            with pytest.raises(EmbeddedServerError, match="pg_ctl ended with"):
                primary.run_program("pg_ctl", "nonsense")


class TestCommands:
    def test_start_status_url_stop(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(EMBEDDED_DATA.name, str(place / "data"))
        run = CliRunner().invoke
        started = run(db, ["start", "--volatile"], catch_exceptions=False)
        server = EmbeddedServer(place / "data")
        assert started.stdout.splitlines() == [f"export {key}={value}" for key, value in server.environment().items()]
        status = json.loads(run(db, ["status", "--json"], catch_exceptions=False).stdout)
        assert status == {
            "running": True,
            "pid": server.status().pid,
            "port": server.status().port,
            "version": server.status().version,
            "data_dir": str(place / "data"),
            "volatile": True,
        }
        text = run(db, ["status", "--data-dir", str(place / "data")], catch_exceptions=False).stdout
        assert f"running: True\npid: {status['pid']}\nport: {status['port']}\n" in text
        assert server.environment()["KNOWLEDGE_GRAPH_PASSWORD"] not in text
        assert run(db, ["url", "--database", "x"], catch_exceptions=False).stdout == server.url("x") + "\n"
        assert "stopped" in run(db, ["stop"], catch_exceptions=False).stderr
        assert "not running" in run(db, ["stop"], catch_exceptions=False).stderr
        assert json.loads(run(db, ["status", "--json"]).stdout)["running"] is False
        assert isinstance(run(db, ["url"]).exception, ThothStorageException)

    @pytest.mark.parametrize("command", ["start", "stop", "status", "url"])
    def test_help_holds_an_example(self, command: str) -> None:
        text = CliRunner().invoke(db, [command, "--help"], catch_exceptions=False).stdout
        assert f"thoth-storages db {command}" in text
