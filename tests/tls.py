"""Certificates of servers, and TLS before a PostgreSQL server that was built without."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.listener import Listener

# https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: a server's certificate and key, its authority's certificate, and that of another authority."""

    certificate: Path
    key: Path
    authority: Path
    other_authority: Path

    @classmethod
    def make(cls, folder: Path, *hosts: str) -> Certificates:
        """Make them in a folder, for a server of these names and addresses."""
        ours, others = trustme.CA(), trustme.CA()
        made = cls(*(folder / name for name in ("server.crt", "server.key", "authority.crt", "other.crt")))
        issued = ours.issue_cert(*hosts)
        certificate, *_ = issued.cert_chain_pems
        certificate.write_to_path(made.certificate)
        issued.private_key_pem.write_to_path(made.key)
        ours.cert_pem.write_to_path(made.authority)
        others.cert_pem.write_to_path(made.other_authority)
        return made


class Front(Listener):
    """Speaks TLS with clients of PostgreSQL that ask for it, and passes on what they say to a server in clear text."""

    def __init__(self, server: tuple[str, int], certificates: Certificates) -> None:
        """Listen, for a server on another port."""
        super().__init__()
        self._server = server
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificates.certificate, certificates.key)
        self.speaks_tls = True
        """Whether it agrees when it is asked."""
        self.encrypted: list[bool] = []
        """Of each client that got through to the server, whether others could not read what was sent."""

    def _accepted(self, client: socket.socket) -> None:
        self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:  # a client that does not trust us goes
            stack.callback(client.close)
            first = client.recv(8, socket.MSG_WAITALL)
            if first == _SSL_REQUEST:
                client.sendall(b"S" if self.speaks_tls else b"N")
                if self.speaks_tls:
                    client = stack.enter_context(self._context.wrap_socket(client, server_side=True))
                first = client.recv(65536)
            if first:  # a client that only takes TLS goes when there is none
                server = stack.enter_context(socket.create_connection(self._server))
                self.encrypted.append(isinstance(client, ssl.SSLSocket))
                server.sendall(first)
                _pass_on(client, server)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    """Pass on what both say, until one of them goes."""
    while True:
        # What TLS has decrypted already does not show at the socket.
        waits = isinstance(client, ssl.SSLSocket) and client.pending() > 0
        ready = [client] if waits else select.select([client, server], [], [])[0]
        for sender, receiver in ((client, server), (server, client)):
            if sender in ready:
                data = sender.recv(65536)
                if not data:
                    return
                receiver.sendall(data)
