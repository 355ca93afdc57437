"""As whom the server runs: the same tests as root, with and without namespaces, and as an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.servers import (
    OWNER,
    ROOT,
    SOURCE,
    ask,
    is_gone,
    modes,
    server_uid,
)
from thoth.storages.config import EMBEDDED_BIN, EMBEDDED_DATA
from thoth.storages.embedded import (
    EmbeddedServer,
    default_data_dir,
    find_installation,
    installations,
)
from thoth.storages.exceptions import EmbeddedServerError


class TestAccounts:
    def test_files_stay_the_callers(self, place: Path) -> None:
        before = modes(place / "data")
        with EmbeddedServer(place / "data", volatile=True) as server:
            assert server.cluster_dir.stat().st_uid == server_uid(server.cluster_dir)
            assert ask(server, "SELECT 1") == 1
        assert modes(place / "data") == before

    @pytest.mark.usefixtures("no_namespaces")
    def test_root_without_namespaces_is_nobody(self, place: Path) -> None:
        before = modes(place / "data")
        with EmbeddedServer(place / "data", volatile=True) as server:
            expected = pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid()
            assert server.cluster_dir.stat().st_uid == expected
            uid = subprocess.run(["ps", "-o", "uid=", "-p", str(server.status().pid)], capture_output=True, check=True)
            assert int(uid.stdout) == expected
            assert ask(server, "SELECT 1") == 1
        assert modes(place / "data") == before

    @pytest.mark.usefixtures("no_namespaces")
    def test_temporary_directory_is_where_the_account_gets(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shut = place / "shut"
        shut.mkdir(mode=0o700)
        monkeypatch.setattr(tempfile, "tempdir", str(shut))
        with EmbeddedServer(volatile=True) as server:
            assert server.data_dir is not None
            assert (server.data_dir.parent == shut) is (not ROOT)
            assert ask(server, "SELECT 1") == 1
        assert not any(shut.iterdir())
        assert stat.S_IMODE(shut.stat().st_mode) == 0o700

    @pytest.mark.usefixtures("no_namespaces")
    def test_programs_that_the_account_cannot_read_are_copied(self, place: Path) -> None:
        original, shut = find_installation(), place / "shut"
        shut.mkdir(mode=0o700)
        hidden = installations.copy_installation(original, shut / "programs")
        with EmbeddedServer(place / "data", volatile=True, bin_dir=hidden.bin_dir) as server:
            assert ask(server, "SELECT 1") == 1
            assert (place / "data" / "binaries").exists() is ROOT
        assert stat.S_IMODE(shut.stat().st_mode) == 0o700

    def test_data_moves_with_the_account(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with EmbeddedServer(place / "data", volatile=True) as server:
            ask(server, "CREATE TABLE kept AS SELECT 7 AS a")
            uid = server.cluster_dir.stat().st_uid
        unshare = place / "refuse" / "unshare"
        unshare.parent.mkdir()
        unshare.write_text("#!/bin/sh\nexit 1\n")
        unshare.chmod(0o755)
        with monkeypatch.context() as refused:
            refused.setenv("PATH", str(unshare.parent), prepend=os.pathsep)
            with server:
                assert ask(server, "SELECT a FROM kept") == 7
                nobody = pwd.getpwnam("nobody").pw_uid if ROOT else uid
                assert server.cluster_dir.stat().st_uid == nobody
        with server:
            assert ask(server, "SELECT a FROM kept") == 7
            assert server.cluster_dir.stat().st_uid == nobody

    @pytest.mark.usefixtures("no_namespaces")
    def test_directory_that_the_account_cannot_reach(self, place: Path) -> None:
        shut = place / "shut"
        shut.mkdir(mode=0o700)
        server = EmbeddedServer(shut / "data", volatile=True)
        if ROOT:
            with pytest.raises(EmbeddedServerError, match=rf"cannot reach {shut}: choose another directory"):
                server.start()
            assert not any(shut.iterdir())
        else:
            with server:
                assert ask(server, "SELECT 1") == 1
        assert stat.S_IMODE(shut.stat().st_mode) == 0o700

    @pytest.mark.usefixtures("no_namespaces")
    def test_default_directory_is_where_the_account_gets(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        home = place / "home"
        home.mkdir(mode=0o700)
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
        monkeypatch.delenv(EMBEDDED_DATA.name, raising=False)
        monkeypatch.setenv("HOME", str(home))
        found = default_data_dir()
        assert found.is_relative_to("/var/lib" if ROOT else home)
        monkeypatch.setenv("XDG_DATA_HOME", str(place))
        assert default_data_dir() == place / "thoth-storages" / "postgresql"
        monkeypatch.setenv(EMBEDDED_DATA.name, "/else/where")
        assert EmbeddedServer().data_dir == Path("/else/where")

    @pytest.mark.parametrize("uid", [65534, 54321], ids=["ordinary account", "uid without an account"])
    def test_ordinary_user(self, place: Path, uid: int) -> None:
        """Everything is copied to where that user can read it; as an ordinary user already, it is this one."""
        code, home = place / "code", place / "home"
        home.mkdir()
        shutil.copytree(Path(installations.__file__).parent, code / "thoth" / "storages" / "embedded")
        for module in ("config.py", "exceptions.py", "variables.py"):
            shutil.copy(SOURCE / "thoth" / "storages" / module, code / "thoth" / "storages")
        (code / "thoth" / "storages" / "__init__.py").touch()
        programs = installations.copy_installation(find_installation(), place / "programs").bin_dir
        options: dict[str, Any] = {"user": uid, "group": uid, "extra_groups": []} if ROOT else {}
        if ROOT:
            os.chown(home, uid, uid)
        script = OWNER.format(before="", owned=True, after="server.run_program('pg_isready')").replace(
            "*sys.argv[1:], ", ""
        )
        result = subprocess.run(
            [_python_for(options), "-c", script],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code), "TMPDIR": str(home)}
            | {EMBEDDED_BIN.name: str(programs), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **options,
        )
        assert (result.returncode, result.stderr) == (0, "")
        pid, _, directory = result.stdout.strip().partition(" ")
        assert Path(directory).parent == home
        assert is_gone(int(pid))
        assert not any(home.iterdir())


def _python_for(options: dict[str, Any]) -> str:
    """Return an interpreter that the other user can run; the one of the tests may lie in a home that is shut."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            subprocess.run([python, "-c", "import ssl"], check=True, cwd="/", capture_output=True, **options)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    raise AssertionError("no Python that another user can run")
