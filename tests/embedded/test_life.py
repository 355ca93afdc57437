"""Servers start, are joined, end, and are killed: real servers, real processes, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.embedded.servers import (
    WAIT,
    answer,
    ask,
    becomes_true,
    child,
    command_lines,
    is_gone,
    kill,
)
from thoth.storages.embedded import (
    EmbeddedServer,
    postmaster,
    start,
)
from thoth.storages.exceptions import EmbeddedServerError


class TestLife:
    def test_volatile_server_leaves_nothing(self) -> None:
        with EmbeddedServer(volatile=True) as server:
            status, directory = server.status(), server.data_dir
            assert directory is not None
            assert directory.is_dir()
            assert status.pid is not None
            assert (status.running, status.volatile) == (True, True)
            assert status.version is not None
            assert ask(server, "SHOW server_version").split()[0] == status.version
            assert ask(server, "SELECT inet_server_port()") == status.port
            expected = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            expected |= {"server_encoding": "UTF8", "lc_messages": "C", "listen_addresses": "127.0.0.1"}
            expected |= {"unix_socket_directories": "", "password_encryption": "scram-sha-256"}
            assert {name: ask(server, f"SHOW {name}") for name in expected} == expected
            assert ask(server, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C"
            assert ask(server, "SELECT current_user") == "postgres"
        assert not directory.exists()
        assert is_gone(status.pid)
        assert not server.status().running
        with pytest.raises(EmbeddedServerError, match="start it"):
            server.url()

    def test_durable_server_starts_is_joined_stops_and_keeps_its_data_and_port(self, place: Path) -> None:
        server = start(place / "data")
        first = server.status()
        ask(server, "CREATE TABLE kept AS SELECT 7 AS a")
        assert ask(server, "SHOW fsync") == "on"
        joined = start(place / "data")
        assert joined.status() == first
        assert ask(joined, "SELECT a FROM kept") == 7
        joined.stop()
        assert first.pid is not None
        assert is_gone(first.pid)
        stopped = server.status()
        assert (stopped.running, stopped.pid, stopped.port) == (False, None, None)
        assert first.version is not None
        assert stopped.version == first.version.split(".")[0]
        server.start()
        assert server.status().port == first.port
        assert ask(server, "SELECT a FROM kept") == 7
        server.stop()
        server.stop()

    def test_owner_that_joined_does_not_stop_the_server_of_another(self, place: Path) -> None:
        server = start(place / "data", volatile=True)
        with EmbeddedServer(place / "data", volatile=True) as joined:
            assert joined.status().pid == server.status().pid
        assert ask(server, "SELECT 1") == 1

    def test_server_of_an_owner_stays_when_somebody_starts_it(self, place: Path) -> None:
        with EmbeddedServer(place / "data", volatile=True) as owner:
            before = owner.status()
            server = start(place / "data", volatile=True)
        assert server.status() == before
        assert ask(server, "SELECT 1") == 1
        server.stop()
        assert before.pid is not None
        assert is_gone(before.pid)

    def test_server_ends_with_its_last_owner(self, place: Path) -> None:
        first, second = child(place / "data"), child(place / "data")
        pid, _ = answer(first)
        assert answer(second) == (pid, place / "data")
        first.communicate()
        server = EmbeddedServer(place / "data", volatile=True)
        assert server.status().running
        assert ask(server, "SELECT 1") == 1
        second.communicate()
        assert becomes_true(lambda: is_gone(pid))

    def test_processes_that_start_at_once_get_one_server(self, place: Path) -> None:
        children = [child(place / "data", owned=False, after="") for _ in range(4)]
        pids = {answer(each)[0] for each in children}
        assert [each.wait() for each in children] == [0] * 4
        for each in children:
            each.communicate()
        assert pids == {start(place / "data", volatile=True).status().pid}
        assert ask(EmbeddedServer(place / "data"), "SELECT 1") == 1

    def test_stop_and_start_again_of_one_object(self) -> None:
        server = EmbeddedServer(volatile=True).start()
        first = server.data_dir
        assert server.start().data_dir == first
        server.stop()
        assert first is not None
        assert not first.exists()
        with server:
            assert server.data_dir != first
            assert ask(server, "SELECT 1") == 1


class TestKilled:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_nothing_is_left_of_a_killed_owner(self, number: signal.Signals) -> None:
        owner = child(before="import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)")
        pid, directory = answer(owner)
        assert not is_gone(pid)
        owner.send_signal(number)
        owner.communicate()
        assert owner.returncode == -number
        assert becomes_true(lambda: is_gone(pid) and not directory.exists())

    def test_data_of_a_killed_owner_stays(self, place: Path) -> None:
        owner = child(place / "data")
        pid, _ = answer(owner)
        ask(EmbeddedServer(place / "data", volatile=True), "CREATE TABLE kept AS SELECT 7 AS a")
        kill(owner)
        assert becomes_true(lambda: is_gone(pid))
        with EmbeddedServer(place / "data", volatile=True) as server:
            assert ask(server, "SELECT a FROM kept") == 7

    @pytest.mark.parametrize("sign", ["password", "cluster.partial/PG_VERSION", "cluster/postmaster.pid"])
    def test_owner_killed_while_it_starts_leaves_nothing(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, sign: str
    ) -> None:
        monkeypatch.setenv("TMPDIR", str(place))
        owner = child()
        assert becomes_true(lambda: any(place.glob(f"*/{sign}")))
        kill(owner)
        assert becomes_true(lambda: not any(place.iterdir()))
        assert becomes_true(lambda: str(place) not in command_lines())

    def test_child_that_an_owner_forked_does_not_keep_the_server(self) -> None:
        forked = "import os\nchild = os.fork() or time.sleep(600)\nprint(child, flush=True)\n" + WAIT
        owner = child(after=forked)
        pid, directory = answer(owner)
        assert owner.stdout is not None
        sleeper = int(owner.stdout.readline())
        owner.kill()
        try:
            assert becomes_true(lambda: is_gone(pid) and not directory.exists())
            assert not is_gone(sleeper)
        finally:
            os.kill(sleeper, signal.SIGKILL)
            owner.communicate()

    def test_killed_keeper(self) -> None:
        with EmbeddedServer(volatile=True) as server:
            status, directory = server.status(), server.data_dir
            parent = subprocess.run(["ps", "-o", "ppid=", "-p", str(status.pid)], capture_output=True, check=True)
            os.kill(int(parent.stdout), signal.SIGKILL)
            assert ask(server, "SELECT 1") == 1
        assert status.pid is not None
        assert directory is not None
        assert is_gone(status.pid)
        assert not directory.exists()

    def test_server_that_was_killed_is_started_again(self, place: Path) -> None:
        server = start(place / "data")
        ask(server, "CREATE TABLE kept AS SELECT 7 AS a")
        pid = server.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert becomes_true(lambda: is_gone(pid))
        assert not server.status().running
        assert ask(server.start(), "SELECT a FROM kept") == 7

    @pytest.mark.parametrize("left", ["live pid", "empty", "cut short"])
    def test_pid_file_that_a_crash_left(self, place: Path, left: str) -> None:
        server = start(place / "data", volatile=True)
        ask(server, "CREATE TABLE kept AS SELECT 7 AS a")
        pid_file = server.cluster_dir / "postmaster.pid"
        text = pid_file.read_text()
        server.stop()
        # The pid of the dead server belongs to another process by now: this one.
        lines = [str(os.getpid()), *text.splitlines()[1:]]
        pid_file.write_text({"live pid": "\n".join(lines) + "\n", "empty": "", "cut short": "12"}[left])
        assert not server.status().running
        assert ask(server.start(), "SELECT a FROM kept") == 7


def test_pid_file_of_a_server_of_another_directory(place: Path) -> None:
    with EmbeddedServer(place / "one", volatile=True) as one:
        other = place / "other"
        other.mkdir()
        shutil.copy(one.cluster_dir / "postmaster.pid", other)
        pid = one.status().pid
        assert pid is not None
        assert postmaster.is_postmaster(pid, one.cluster_dir)
        assert postmaster.running(other) is None


def test_pid_of_another_account_s_process_is_no_server(place: Path) -> None:
    (place / "postmaster.pid").write_text("1\n/data\n0\n5432\n\n127.0.0.1\n  1  1\nready   \n")
    assert postmaster.read_pid_file(place) == postmaster.Postmaster(1, 5432, "ready")
    assert not postmaster.is_postmaster(1, place)
    assert not postmaster.is_postmaster(2**31 - 1, place)
