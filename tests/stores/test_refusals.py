"""Stores that cannot be used: no bucket, wrong keys, no server, no address; and no secret in what is said of it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores.conftest import Place
from tests.stores.documents import store_at
from thoth.storages.ceph import CephStore
from thoth.storages.exceptions import ConfigurationError, NotConnected, StoreError


def test_no_bucket(place: Place) -> None:
    store = store_at(place, bucket="no-such-bucket")
    with pytest.raises(StoreError, match=f"{place.host}/no-such-bucket: no such bucket"):
        store.connect()
    assert not store.is_connected()


def test_a_bucket_that_went_away(folder: Place, tmp_path: Path) -> None:
    store = store_at(folder)
    store.connect()
    (tmp_path / "objects" / "bucket").rmdir()
    calls: list[Callable[[], Any]] = [
        store.check_connection,
        lambda: store.retrieve_document("id"),
        lambda: store.store_document({}, "id"),
        lambda: list(store.get_document_listing()),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="no such bucket"):
            call()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"secret_key": "wr0ng-s3cret"}, "THOTH_CEPH_SECRET_KEY is not the secret of this key"),
        ({"key_id": "nobody-at-all"}, "the server does not know the key of THOTH_CEPH_KEY_ID"),
    ],
)
def test_wrong_keys(s3: Place, changes: dict[str, str], reason: str) -> None:
    store = store_at(s3, **changes)
    with pytest.raises(StoreError, match="access denied") as error:
        store.connect()
    assert reason in str(error.value)
    assert f"{s3.host}/{s3.bucket}" in str(error.value)
    assert changes.get("key_id", s3.key_id) in str(error.value)


@pytest.mark.parametrize("host", ["http://127.0.0.1:1", "https://no-such-host.invalid", "http://[::1]:1"])
def test_servers_that_do_not_answer(s3: Place, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_CEPH_TRIES", "2")
    store = store_at(s3, host=host)
    with pytest.raises(NotConnected) as error:
        store.connect()
    assert f"{host}/{s3.bucket}" in str(error.value)


def everything_that_is_said(store: CephStore) -> Iterator[str]:
    yield repr(store)
    yield str(store)
    yield repr(store.config)
    calls: list[Callable[[], Any]] = [
        store.connect,
        lambda: store.retrieve_blob("key"),
        lambda: store.store_blob(b"", "key"),
        lambda: list(store.get_document_listing()),
    ]
    for call in calls:
        try:
            call()
        except Exception as error:
            yield repr(error)
            yield "".join(traceback.format_exception(error))


def test_a_secret_is_said_nowhere(s3: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_CEPH_TRIES", "1")
    caplog.set_level(logging.DEBUG)
    said = []
    secret = "wr0ng-s3cret-of-a-test"
    for changes in ({}, {"bucket": "no-such-bucket"}, {"host": "http://127.0.0.1:1"}, {"bucket": "not a bucket"}):
        said += list(everything_that_is_said(store_at(s3, **{"secret_key": secret, **changes})))
    assert any("access denied" in text for text in said)
    assert any("cannot be reached" in text for text in said)
    assert secret not in "".join(said)
    assert "CanonicalRequest" in caplog.text
    assert secret not in caplog.text
    # Nor what boto3 says, which a traceback would show as the cause.
    assert "botocore.exceptions" not in "".join(said)


@pytest.mark.parametrize(
    "host",
    [
        "localhost:9000",
        "ftp://host",
        "http://",
        "file:relative",
        "file://host/folder",
        "http://h:0",
        "http://h?x=1",
        "http://[",
        "file:///a%00b",
        "https://h:99999",
    ],
)
def test_addresses_that_are_none(host: str, folder: Place) -> None:
    with pytest.raises(ConfigurationError, match="THOTH_S3_ENDPOINT_URL") as error:
        CephStore("prefix", **{**folder.access, "host": host, "key_id": "key", "secret_key": "s3cret"})
    assert host in str(error.value)


@pytest.mark.parametrize("host", ["https://user:p4ss@host", "https://user:p4ss@[host", "https://user@host/x"])
def test_an_address_that_holds_a_password_is_refused_unsaid(host: str) -> None:
    with pytest.raises(ConfigurationError, match="no user and no password") as error:
        CephStore("prefix", host=host, key_id="key", secret_key="s3cret", bucket="bucket")
    assert "user:" not in str(error.value)
    assert "p4ss" not in str(error.value)


@pytest.mark.parametrize("bucket", ["a/b", "..", "."])
def test_buckets_that_are_none(bucket: str, folder: Place) -> None:
    with pytest.raises(ConfigurationError, match="THOTH_CEPH_BUCKET"):
        CephStore("prefix", **{**folder.access, "bucket": bucket})
