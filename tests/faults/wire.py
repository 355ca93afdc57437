"""A wire between library and server that is cut where a test wants it, as a network is."""

from __future__ import annotations

import contextlib
import random
import socket

from tests.listener import Listener

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_BEGIN = b"Q\x00\x00\x00\x0aBEGIN\x00"
_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
_COMMITS_ITSELF = b"SELECT sync_solver_documents("  # unless a transaction began before
_ENDS = (b"COMMIT\x00", b"ROLLBACK\x00")
_READY = b"Z\x00\x00\x00\x05"


class Wire(Listener):
    """Passes on what goes between clients and a server; a fault comes to pass once."""

    def __init__(self, port: int) -> None:
        """Listen, for a server on another port."""
        super().__init__()
        self._server_port = port
        self.fault: str | None = None
        """``before commit``: the server never sees it. ``after commit``: the client never hears that it was done."""
        self.is_cut = False
        """Whether nobody gets through any more; those that talk go on."""
        self.cut_after: tuple[random.Random, int] | None = None
        """Cut each connection after some bytes, up to so many."""
        self.cuts = 0
        self._swallowed: set[socket.socket] = set()

    def _accepted(self, client: socket.socket) -> None:
        if self.is_cut:
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            client.close()
            return
        self._spawn(self._requests, client, server)
        self._spawn(self._answers, client, server)

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        left = None if self.cut_after is None else self.cut_after[0].randrange(self.cut_after[1])
        is_in_transaction = False
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                is_in_transaction = data.startswith(_BEGIN) or (is_in_transaction and not data.endswith(_ENDS))
                commits = data.endswith(_COMMIT) or (_COMMITS_ITSELF in data and not is_in_transaction)
                if commits and self.fault is not None:
                    fault, self.fault = self.fault, None
                    self.cuts += 1
                    if fault == "after commit":
                        self._swallowed.add(client)
                        server.sendall(data)
                        continue  # the thread that gets the answer ends it
                    break
                if left is not None:
                    left -= len(data)
                    if left < 0:
                        self.cuts += 1
                        break
                server.sendall(data)
        _close(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if client in self._swallowed:
                    if _READY in data:
                        break
                    continue
                client.sendall(data)
        _close(client, server)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
