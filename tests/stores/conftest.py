"""What the tests of stores share: a real server, started once, a bucket, and a prefix for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.stores.amun import Amun
from tests.stores.servers import Proxy, Rclone, Server, named_server
from thoth.storages import InspectionResultsStore


@dataclass(frozen=True)
class Place:
    """Where the stores of a test keep their documents: arguments that all of them take."""

    kind: str
    host: str
    key_id: str
    secret_key: str = field(repr=False)
    bucket: str
    prefix: str

    @property
    def access(self) -> dict[str, str]:
        """Arguments of `CephStore`, and most of those of the others."""
        names = ("host", "key_id", "secret_key", "bucket")
        return {name: getattr(self, name) for name in names}

    def variables(self) -> dict[str, str]:
        """The same as variables of the environment."""
        return {
            "THOTH_S3_ENDPOINT_URL": self.host,
            "THOTH_CEPH_KEY_ID": self.key_id,
            "THOTH_CEPH_SECRET_KEY": self.secret_key,
            "THOTH_CEPH_BUCKET": self.bucket,
            "THOTH_CEPH_BUCKET_PREFIX": self.prefix,
            "THOTH_DEPLOYMENT_NAME": "test",
        }

    def inspections(self, monkeypatch: pytest.MonkeyPatch) -> InspectionResultsStore:
        """Let the environment name this place; return the store of inspections there."""
        for name, value in self.variables().items():
            monkeypatch.setenv(name, value)
        store = InspectionResultsStore()
        store.connect()
        return store


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that THOTH_S3_ENDPOINT_URL names, else one of our own; one that does not start is an error."""
    named = named_server()
    if named is not None:
        yield named
        return
    rclone = Rclone(tmp_path_factory.mktemp("rclone") / "buckets")
    try:
        yield rclone.start()
    finally:
        rclone.kill()


@pytest.fixture(scope="session")
def bucket(server: Server) -> Iterator[str]:
    with server.bucket(f"thoth-test-{secrets.token_hex(6)}") as name:
        yield name


@pytest.fixture
def s3(server: Server, bucket: str) -> Place:
    """A place on the server that no other test uses."""
    return Place("s3", server.endpoint_url, server.key_id, server.secret_key, bucket, f"prefix/{secrets.token_hex(6)}")


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    """A place in a folder."""
    (tmp_path / "objects" / "bucket").mkdir(parents=True)
    return Place("folder", (tmp_path / "objects").as_uri(), "", "", "bucket", "prefix/of")


@pytest.fixture(params=["s3", "folder"])
def place(request: pytest.FixtureRequest) -> Place:
    """A place of either kind."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """A proxy before the server."""
    proxy = Proxy(server)
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.fixture
def amun() -> Iterator[Amun]:
    amun = Amun()
    try:
        yield amun
    finally:
        amun.close()


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> InspectionResultsStore:
    """The store that the environment names."""
    return place.inspections(monkeypatch)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Amun up after a second, twice."""
    monkeypatch.setenv("THOTH_AMUN_TIMEOUT", "1")
    monkeypatch.setenv("THOTH_AMUN_TRIES", "2")
