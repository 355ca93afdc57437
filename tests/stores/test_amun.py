"""Amun as a server: it is slow, fails, moves, says what it should not; and at which address it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.inspection_documents import job_log, matmul
from tests.stores.amun import (
    LOG,
    PARTS,
    A,
    Amun,
    B,
    C,
    exit_codes,
    inspection,
)
from tests.stores.servers import Proxy, Server
from thoth.storages import GraphDatabase, sync_inspection_documents
from thoth.storages.exceptions import (
    AmunError,
    ConfigurationError,
    NotConnected,
    NotFoundError,
    SchemaError,
)


@pytest.mark.usefixtures("store", "patience")
class TestServer:
    """Faults of the server, made by a proxy before it."""

    @pytest.fixture
    def before(self, amun: Amun) -> Iterator[Proxy]:
        proxy = Proxy(Server(amun.address, "", ""))
        amun.answers = {A: inspection()}
        try:
            yield proxy
        finally:
            proxy.close()

    def url(self, before: Proxy) -> str:
        return f"{before.server.endpoint_url}/api/v1"

    @pytest.mark.parametrize("fault", ["slow_down", "drop", "drop_answer", "cut", "stall"])
    def test_passing_fault(self, graph: GraphDatabase, before: Proxy, fault: str) -> None:
        before.make(fault, part="specification")
        assert sync_inspection_documents(self.url(before), [A], graph=graph) == (1, 1, 0, 0)
        assert before.count("GET", "specification") == 2

    @pytest.mark.parametrize("fault", ["drop", "cut", "stall"])
    def test_lasting_fault(self, graph: GraphDatabase, before: Proxy, fault: str) -> None:
        before.make(fault, part="specification", times=9)
        with pytest.raises(NotConnected, match=f"{self.url(before)}/inspection/{A}/specification"):
            sync_inspection_documents(self.url(before), [A], graph=graph)
        assert before.count("GET", "specification") == 2
        assert exit_codes(graph) == {}

    @pytest.mark.parametrize(("fault", "status", "tries"), [("slow_down", 503, 2), ("error", 500, 1)])
    def test_server_that_fails(self, graph: GraphDatabase, before: Proxy, fault: str, status: int, tries: int) -> None:
        before.make(fault, part="specification", times=9)
        with pytest.raises(AmunError, match=rf"{self.url(before)}/inspection/{A}/specification: .*\({status}\)"):
            sync_inspection_documents(self.url(before), [A], graph=graph)
        assert before.count("GET", "specification") == tries

    def test_one_inspection_among_others(self, graph: GraphDatabase, amun: Amun, before: Proxy) -> None:
        amun.answers = {name: inspection() for name in (A, B, C)}
        before.make("drop", part=f"{B}/job", times=9)
        assert sync_inspection_documents(self.url(before), [A, B, C], graceful=True, graph=graph) == (3, 2, 0, 1)
        assert list(exit_codes(graph)) == [A, C]

    def test_server_that_asks_for_a_long_pause(
        self, graph: GraphDatabase, amun: Amun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is not waited for an hour: this test would not end."""
        monkeypatch.setattr("thoth.storages.amun._LONGEST_PAUSE", 0.1)
        amun.headers = {"Retry-After": "3600"}
        amun.answers = {A: {**inspection(), "status": (429, {"error": "slower", "parameters": {}})}}
        with pytest.raises(AmunError, match=r"\(429\): slower"):
            sync_inspection_documents(amun.url, [A], graph=graph)
        assert amun.asked(A) == ["status", "status"]

    @pytest.mark.parametrize("graceful", [True, False])
    def test_server_that_is_not_there(self, graph: GraphDatabase, amun: Amun, graceful: bool) -> None:
        """It is no fault of one inspection or another: the run ends."""
        amun.close()
        url = amun.url.replace("http://", "http://user:pass-w0rd@")
        with pytest.raises(NotConnected, match=f"{amun.url}/inspection/{A}/status.*refused") as error:
            sync_inspection_documents(url, [A, B], graceful=graceful, graph=graph)
        assert "pass-w0rd" not in str(error.value)

    def test_redirection_is_not_followed(self, graph: GraphDatabase, amun: Amun) -> None:
        amun.headers = {"Location": f"{amun.url}/elsewhere"}
        amun.answers = {A: {"status": (302, {})}}
        with pytest.raises(AmunError, match=r"\(302\)"):
            sync_inspection_documents(amun.url, [A], graph=graph)

    def test_user_and_password(self, graph: GraphDatabase, amun: Amun, caplog: pytest.LogCaptureFixture) -> None:
        amun.user = "Basic dXNlcjpwYXNzLXfDtnJkQA=="
        amun.answers = {A: inspection()}
        caplog.set_level(logging.DEBUG)
        url = amun.url.replace("http://", "http://user:pass-w%C3%B6rd%40@")
        assert sync_inspection_documents(url, [A], graph=graph) == (1, 1, 0, 0)
        with pytest.raises(AmunError, match=r"\(401\): who are you") as error:
            sync_inspection_documents(url.replace("user", "other"), [B], graph=graph)
        assert "pass-w" not in str(error.value) + caplog.text


class TestAddresses:
    @pytest.mark.usefixtures("store")
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_paths_of_another_deployment(self, graph: GraphDatabase, amun: Amun, slash: str) -> None:
        amun.route = "inspect"
        amun.answers = {B: inspection()}
        counts = sync_inspection_documents(f"{amun.url}{slash}", [A, B], graceful=True, graph=graph)
        assert counts == (2, 1, 0, 1)
        assert sorted(amun.asked(B)) == sorted(PARTS)

    @pytest.mark.usefixtures("store")
    def test_paths_are_found_out_once(self, graph: GraphDatabase, amun: Amun) -> None:
        amun.route = "inspect"
        amun.answers = {A: inspection()}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert (amun.lost, len(amun.requests)) == (1, len(PARTS))

    @pytest.mark.usefixtures("store")
    def test_address_of_something_else(self, graph: GraphDatabase, amun: Amun) -> None:
        with pytest.raises(NotFoundError, match=f"{amun.address}/inspection/{A}/status"):
            sync_inspection_documents(amun.address, [A], graph=graph)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "amun.example.com",
            "ftp://user:pass-w0rd@amun.example.com",
            "http://",
            "http://user:pass-w0rd@",
            "http://user:pass-w0rd/x@amun.example.com",
            "http://user:pass-w0rd@[::1",
            "http://amun.example.com:port",
            "http://amun.example.com/?token=pass-w0rd",
            "http://amun.example.com#pass-w0rd",
        ],
    )
    @pytest.mark.usefixtures("store")
    def test_address_that_is_none(self, graph: GraphDatabase, url: str) -> None:
        with pytest.raises(ConfigurationError, match="amun_api_url=") as error:
            sync_inspection_documents(url, [A], graph=graph)
        assert "pass-w0rd" not in str(error.value)
        assert error.value.__cause__ is None


def test_answer_is_bounded(amun: Amun, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_STORAGES_MAX_DOCUMENT_SIZE", "5000")
    amun.answers = {A: inspection(build_log="x" * 5000), B: inspection(log={**LOG, "stdout": "x" * 1000})}
    with pytest.raises(
        SchemaError, match=f"{A}/build/log: the answer is larger than THOTH_STORAGES_MAX_DOCUMENT_SIZE=5000 bytes"
    ):
        sync_inspection_documents(amun.url, [A], only_graph_sync=True, graph=graph)
    assert sync_inspection_documents(amun.url, [B], only_graph_sync=True, graph=graph) == (1, 1, 0, 0)


def test_number_that_json_does_not_know(amun: Amun, graph: GraphDatabase) -> None:
    """Python writes them; the field says what is wrong, not that there is no JSON."""
    amun.answers = {A: inspection(log=job_log(matmul(), hwinfo={"load": float("nan")}))}
    assert sync_inspection_documents(amun.url, [A], only_graph_sync=True, graph=graph) == (1, 1, 0, 0)
    amun.answers = {B: inspection(log=job_log(matmul(**{"@result": {"rate": float("inf"), "elapsed": 1.0}})))}
    with pytest.raises(SchemaError, match=r"\$\.job_log\.stdout\.@result\.rate: expected a number, got inf"):
        sync_inspection_documents(amun.url, [B], only_graph_sync=True, graph=graph)
