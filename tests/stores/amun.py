"""A small Amun: an HTTP server on loopback that answers what Amun answers about inspections."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import text

from tests.inspection_documents import CREATED, Json, job_log, matmul, specification
from thoth.storages import GraphDatabase

A, B, C = (f"inspection-test-0000000{letter}" for letter in "abc")
API = "/api/v1"
ENDED = {"container": "9fa9", "finished_at": "2019-09-20T11:22:36Z", "started_at": "2019-09-20T11:20:50Z"}
COMPLETED: Json = {**ENDED, "state": "terminated", "exit_code": 0, "reason": "Completed"}
FAILED: Json = {**ENDED, "state": "terminated", "exit_code": 1, "reason": "Error"}
KILLED: Json = {**ENDED, "state": "terminated", "exit_code": 137, "reason": "OOMKilled"}
RUNNING: Json = {**COMPLETED, "state": "running", "exit_code": None, "finished_at": None, "reason": None}
WAITING: Json = {**RUNNING, "state": "waiting", "started_at": None, "reason": "ContainerCreating"}
LOG = job_log(matmul(), runtime_environment=...)
PARTS = ("status", "specification", "job/log", "build/log")
"""What is asked about an inspection that is finished."""


def inspection(
    build: Json = COMPLETED,
    job: Json | None = COMPLETED,
    *,
    log: object = LOG,
    build_log: object = "Step 1",
    **spec: Any,
) -> dict[str, tuple[int, Any]]:
    """Return what Amun of 2019 answers about an inspection; keywords are fields of its specification."""
    return {
        "status": (200, {"build": build, "job": job, "parameters": {}}),
        "specification": (200, {"specification": specification(**spec), "created": CREATED, "parameters": {}}),
        "build/log": (200, {"log": build_log, "parameters": {}}),
        "job/log": (200, {"log": log, "parameters": {}}),
    }


def batch(
    job: Json, *logs: object, build: Json = COMPLETED, phase: str | None = None, **spec: Any
) -> dict[str, tuple[int, Any]]:
    """Return what Amun of 2020 answers about an inspection that runs several times."""
    status = {"build": build, "job": job, "workflow": {} if phase is None else {"phase": phase}}
    return {
        **inspection(**spec),
        "status": (200, {"status": status, "parameters": {}}),
        "job/logs": (200, {"logs": list(logs), "status": status, "parameters": {}}),
    }


class _Server(ThreadingHTTPServer):
    """A server whose clients may go away as they like."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet."""


class Amun:
    """The server, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, tuple[int, Any]]] = {}
        """By inspection and what is asked about it: status, and what is sent as JSON; bytes are sent as they are."""
        self.route = "inspection"
        self.headers: dict[str, str] = {}
        """Sent with each answer."""
        self.user: str | None = None
        """What requests have to be authorised by."""
        self.hook: Callable[[str, str], None] = lambda inspection_id, what: None
        """Called with what is asked, before it is answered."""
        self.requests: list[tuple[str, str]] = []
        """Inspection and what was asked about it, in order."""
        self.lost = 0
        """How many requests came to paths that there are not."""
        self.connections = 0
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        host, port = self._http.server_address[:2]
        self.address = f"http://{host!s}:{port}"
        self.url = f"{self.address}{API}"

    def close(self) -> None:
        """Go away; once more does nothing."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def asked(self, inspection_id: str) -> list[str]:
        """Return what was asked about an inspection, in order."""
        return [what for name, what in self.requests if name == inspection_id]

    def _answer(self, path: str, authorization: str | None) -> tuple[int, Any]:
        if self.user is not None and authorization != self.user:
            return 401, {"detail": "who are you", "title": "Unauthorized", "status": 401}
        route, _, rest = path.removeprefix(f"{API}/").partition("/")
        inspection_id, _, what = rest.partition("/")
        if route != self.route or not path.startswith(API):
            self.lost += 1
            return 404, {"detail": "The requested URL was not found", "title": "Not Found", "status": 404}
        self.requests.append((inspection_id, what))
        self.hook(inspection_id, what)
        unknown = 404, {"error": "no such inspection", "parameters": {"inspection_id": inspection_id}}
        return self.answers.get(inspection_id, {}).get(what, unknown)

    def _handler(amun: Amun) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                amun.connections += 1
                super().setup()

            def do_GET(self) -> None:
                status, content = amun._answer(self.path, self.headers.get("Authorization"))
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(body)), **amun.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

        return Handler


def exit_codes(graph: GraphDatabase) -> dict[str, list[int | None]]:
    """Return the exit codes of the results of each inspection, in order."""
    with graph.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT inspection_document_id, exit_code FROM inspection_run ORDER BY 1, inspection_result_number")
        )
        found: dict[str, list[int | None]] = {}
        for document_id, exit_code in rows:
            found.setdefault(document_id, []).append(exit_code)
        return found
