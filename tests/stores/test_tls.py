"""TLS to the object store: a server that cannot prove who it is gets nothing."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import pytest

from tests.stores.servers import SECRET_KEY, Rclone
from tests.tls import Certificates
from thoth.storages import CephStore, s3
from thoth.storages.exceptions import NotConnected

BUCKET = "of-tls"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Those of a server at 127.0.0.1, which is not called localhost."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"), "127.0.0.1")


@pytest.fixture(scope="module")
def rclone(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rclone]:
    """A server that speaks S3, by TLS alone, and has a bucket."""
    folder = tmp_path_factory.mktemp("rclone") / "buckets"
    rclone = Rclone(folder, certificates)
    try:
        rclone.start()
        (folder / BUCKET).mkdir()
        yield rclone
    finally:
        rclone.kill()


@pytest.fixture
def trusting(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority that signed; a client that a test makes is forgotten with it."""
    monkeypatch.setattr(s3, "_clients", {})
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.authority))


def store_of(rclone: Rclone, host: str = "127.0.0.1") -> CephStore:
    server = rclone.server
    endpoint = server.endpoint_url.replace("127.0.0.1", host)
    return CephStore("tls", host=endpoint, key_id=server.key_id, secret_key=server.secret_key, bucket=BUCKET)


@pytest.mark.usefixtures("trusting")
class TestVerified:
    @pytest.fixture(autouse=True)
    def once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Do not wait for a certificate to change."""
        monkeypatch.setenv("THOTH_CEPH_TRIES", "1")

    def test_by_the_authority_that_signed(self, rclone: Rclone) -> None:
        store = store_of(rclone)
        store.connect()
        store.store_document({"a": 1}, "one")
        assert store.retrieve_document("one") == {"a": 1}

    def test_by_another_authority(
        self, rclone: Rclone, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.other_authority))
        self.check_refused(store_of(rclone), "certificate verify failed")

    def test_by_none_that_the_system_knows(self, rclone: Rclone, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_CA_BUNDLE")
        self.check_refused(store_of(rclone), "certificate verify failed")

    def test_under_another_name(self, rclone: Rclone) -> None:
        self.check_refused(store_of(rclone, "localhost"), "'localhost'")

    def check_refused(self, store: CephStore, why: str) -> None:
        with pytest.raises(NotConnected) as error:
            store.connect()
        assert why in str(error.value)
        assert f"/{BUCKET}" in str(error.value)
        assert SECRET_KEY not in "".join(traceback.format_exception(error.value))
