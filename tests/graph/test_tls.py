"""TLS to PostgreSQL: what `PGSSLMODE` asks for is done, and a server that cannot prove who it is gets no password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tls import Certificates, Front
from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.exceptions import NotConnected


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Those of a server at 127.0.0.1, which is not called localhost."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"), "127.0.0.1")


@pytest.fixture
def front(
    graph: GraphDatabase, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Front]:
    """What speaks TLS before the server, and is named by the environment, which sets nothing else that is of TLS."""
    with Front(KnowledgeGraphConfig().hosts[0], certificates) as front, monkeypatch.context() as patch:
        patch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1")
        patch.setenv("KNOWLEDGE_GRAPH_PORT", str(front.port))
        for name in [name for name in os.environ if name.startswith("PGSSL")]:
            patch.delenv(name)
        patch.setenv("HOME", str(tmp_path))
        yield front


def is_encrypted(front: Front) -> bool:
    """Connect as the environment says; tell whether others could not read what was sent."""
    with GraphDatabase() as graph:
        assert graph.get_python_packages() == set()
    return front.encrypted[-1]


def refused() -> str:
    """Return why nobody connects, on one line and without the password."""
    with pytest.raises(NotConnected) as error:
        GraphDatabase().connect()
    assert "\n" not in str(error.value)
    assert os.environ["KNOWLEDGE_GRAPH_PASSWORD"] not in str(error.value)
    return str(error.value)


class TestVerified:
    @pytest.fixture(autouse=True)
    def full(self, front: Front, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
        """Verify authority and name."""
        monkeypatch.setenv("PGSSLMODE", "verify-full")
        monkeypatch.setenv("PGSSLROOTCERT", str(certificates.authority))

    def test_by_the_authority_that_signed(self, front: Front) -> None:
        assert is_encrypted(front)

    def test_by_another_authority(
        self, front: Front, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGSSLROOTCERT", str(certificates.other_authority))
        assert "certificate verify failed" in refused()
        assert front.encrypted == []  # the server heard nothing

    def test_without_an_authority(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "absent.crt"))
        assert f'root certificate file "{tmp_path}/absent.crt" does not exist' in refused()

    def test_under_another_name(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "localhost")
        assert 'does not match host name "localhost"' in refused()
        monkeypatch.setenv("PGSSLMODE", "verify-ca")
        assert is_encrypted(front)

    def test_of_each_of_several_hosts(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:1,127.0.0.1:{front.port}")
        assert is_encrypted(front)
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:1,localhost:{front.port}")
        assert 'does not match host name "localhost"' in refused()

    def test_a_server_that_speaks_none(self, front: Front) -> None:
        front.speaks_tls = False
        assert "server does not support SSL" in refused()
        assert front.encrypted == []

    def test_switched_off(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        """What this library's own variable says holds for this library."""
        monkeypatch.setenv("KNOWLEDGE_GRAPH_SSL_DISABLED", "1")
        assert not is_encrypted(front)

    def test_command(self, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGSSLROOTCERT", str(certificates.other_authority))
        command = [sys.executable, str(ROOT / "thoth-storages"), "--verbose", "schema", "status"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "certificate verify failed" in done.stderr.splitlines()[-1]
        assert os.environ["KNOWLEDGE_GRAPH_PASSWORD"] not in done.stdout + done.stderr


def test_unless_asked_for_it_is_encrypted_where_it_can_be(front: Front) -> None:
    assert is_encrypted(front)
    front.speaks_tls = False
    assert not is_encrypted(front)
