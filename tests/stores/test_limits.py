"""Documents that are too large, or nested too deeply, are neither stored nor held."""

from __future__ import annotations

import json

import pytest

from tests.hostile import DEEP, nested
from tests.stores.conftest import Place
from tests.stores.documents import result_document, store_at
from thoth.storages.advisers import AdvisersResultsStore
from thoth.storages.config import MAX_DOCUMENT_SIZE
from thoth.storages.exceptions import SchemaError

ID = "adviser-220301120000-0123456789abcdef"


@pytest.mark.parametrize("depth", [99, 200, DEEP])
def test_depth(folder: Place, depth: int) -> None:
    store = AdvisersResultsStore(deployment_name="test", prefix=folder.prefix, **folder.access)
    store.connect()
    with pytest.raises(SchemaError, match=r"^\$: (nested too deeply|cannot be written as JSON)"):
        store.store_document(result_document(ID, nested=nested(depth)))
    assert list(store.get_document_listing()) == []


def test_size(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_at(place)
    store.connect()
    small, large = {"a": "x" * 500}, {"a": "x" * 3_000_000}
    for name, document in (("small", small), ("large", large)):
        store.store_document(document, name)
    monkeypatch.setenv(MAX_DOCUMENT_SIZE.name, "1000")
    with pytest.raises(SchemaError, match=rf"^\$: larger than {MAX_DOCUMENT_SIZE.name}=1000 bytes$"):
        store.store_document(large, "larger")
    assert list(store.get_document_listing()) == ["large", "small"]
    assert store.retrieve_document("small") == small
    with pytest.raises(SchemaError, match=rf"store/large': larger than {MAX_DOCUMENT_SIZE.name}=1000 bytes$"):
        store.retrieve_document("large")
    with pytest.raises(SchemaError, match="larger than"):
        dict(store.iterate_results())
    # A piece tells that it is too large, and the rest is not read; what is no document has no limit.
    key = store.key_of("large")
    assert 1000 < len(store.objects.get(key, most=1000)) <= 1 << 20
    assert json.loads(store.retrieve_blob("large")) == large
    assert store.retrieve_document("small") == small
