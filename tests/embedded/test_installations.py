"""Which PostgreSQL is used."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.embedded.servers import (
    fake_installation,
)
from thoth.storages.config import EMBEDDED_BIN
from thoth.storages.embedded import (
    EmbeddedServer,
    Installation,
    find_installation,
    installations,
)
from thoth.storages.exceptions import EmbeddedServerError


class TestInstallations:
    @pytest.fixture(autouse=True)
    def bare_machine(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine that holds no PostgreSQL."""
        tools = place / "tools"
        tools.mkdir()
        monkeypatch.setenv("PATH", str(tools))
        monkeypatch.setattr(installations, "WHEEL", "no_such_package_here")
        monkeypatch.setattr(installations, "SYSTEM_INSTALLATIONS", place / "postgresql")

    def test_none(self) -> None:
        with pytest.raises(EmbeddedServerError, match=r"pip install thoth-storages\[embedded\].*_EMBEDDED_BIN"):
            find_installation()

    def test_a_server_that_is_missing_leaves_no_directory(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (place / "temporary").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(place / "temporary"))
        with pytest.raises(EmbeddedServerError, match="no PostgreSQL server is installed"):
            EmbeddedServer(volatile=True).start()
        assert not any((place / "temporary").iterdir())

    def test_old_one_is_passed_over_and_named(self, place: Path) -> None:
        fake_installation(place / "postgresql" / "14" / "bin", "14.9 (Debian 14.9-1)")
        with pytest.raises(EmbeddedServerError, match=r"postgresql/14/bin: PostgreSQL 14\.9 is older than 15"):
            find_installation()
        fake_installation(place / "postgresql" / "9" / "bin", "9.6.24")
        newest = fake_installation(place / "postgresql" / "16" / "bin", "16.2")
        fake_installation(place / "postgresql" / "15" / "bin", "15.18 (Debian 15.18-0+deb12u1)")
        assert find_installation() == Installation(newest, "16.2")
        assert find_installation(major=15).version == "15.18"
        assert find_installation(major=17).version == "16.2"

    def test_one_on_path_has_to_be_a_server_s(self, place: Path) -> None:
        system = fake_installation(place / "postgresql" / "16" / "bin", "16.2")
        (place / "tools" / "pg_ctl").symlink_to(system / "pg_ctl")
        own = fake_installation(place / "own" / "bin", "17beta1")
        assert find_installation().version == "16.2"
        for name in installations.PROGRAMS:
            (place / "tools" / name).unlink(missing_ok=True)
            (place / "tools" / name).symlink_to(own / name)
        assert find_installation() == Installation(own, "17beta1")

    def test_the_wheel_comes_before_path_and_the_setting_before_all(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = fake_installation(place / "site" / "made_up_wheel" / "pginstall" / "bin", "18.1")
        (place / "site" / "made_up_wheel" / "__init__.py").write_text("raise RuntimeError('imported')")
        monkeypatch.syspath_prepend(place / "site")
        monkeypatch.setattr(installations, "WHEEL", "made_up_wheel")
        fake_installation(place / "postgresql" / "19" / "bin", "19.0")
        assert find_installation() == Installation(wheel, "18.1")
        chosen = fake_installation(place / "chosen", "15.1")
        monkeypatch.setenv(EMBEDDED_BIN.name, str(chosen))
        assert EmbeddedServer(place / "data").bin_dir == chosen

    def test_setting_that_cannot_be_used(self, place: Path) -> None:
        with pytest.raises(EmbeddedServerError, match=rf"_BIN .*'{place}/tools': .*no initdb, pg_ctl, postgres"):
            find_installation(place / "tools")
        fake_installation(place / "old", "14.1")
        with pytest.raises(EmbeddedServerError, match=r"_BIN .*older than 15"):
            find_installation(place / "old")
        broken = fake_installation(place / "broken", "18.1")
        (broken / "postgres").write_text("#!/bin/sh\nexit 127\n")
        with pytest.raises(EmbeddedServerError, match="postgres --version failed"):
            find_installation(broken)
