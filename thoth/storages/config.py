"""Every environment variable that this library reads: one table, and frozen structs that are read on use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .exceptions import ConfigurationError, shown
from .variables import MAX_SECONDS, Variable, as_port, as_seconds, as_switch, as_text, whole_number

_MAX_WORKERS = 1000
_MAX_TRIES = 100
_MAX_KEY_PART = 255  # of a key, which has 1,024 bytes
_MAX_DEPTH = 500  # Python's own limit is some twice that
# A name, an address, a folder of a Unix socket, an IPv6 address as it is or, with a port, in brackets.
_IPV6 = r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*"
_HOST = re.compile(rf"(?:\[(?P<v6>[^\[\]]+)\]|(?P<name>[^\[\]:]+|{_IPV6}))(?::(?P<port>[^:]*))?")

HOST = Variable(
    "KNOWLEDGE_GRAPH_HOST",
    "localhost",
    as_text,
    "host of PostgreSQL, or a comma-separated list ``h1[:port],h2[:port]`` of a primary with standbys",
    fallback="GRAPH_SERVICE_HOST",
)
READ_HOST: Variable[str | None] = Variable(
    "KNOWLEDGE_GRAPH_READ_HOST",
    None,
    as_text,
    "standbys, listed likewise, for reads that may be a little stale; unset: the primary is read",
)
PORT = Variable("KNOWLEDGE_GRAPH_PORT", 5432, as_port, "port of the hosts that name none")
USER = Variable("KNOWLEDGE_GRAPH_USER", "postgres", as_text, "user; may hold any character")
PASSWORD = Variable("KNOWLEDGE_GRAPH_PASSWORD", "postgres", as_text, "password; may hold any character", is_secret=True)
DATABASE = Variable("KNOWLEDGE_GRAPH_DATABASE", "thoth", as_text, "database")
SSL_DISABLED = Variable(
    "KNOWLEDGE_GRAPH_SSL_DISABLED",
    False,
    as_switch,
    "``1``: ``sslmode=disable``; otherwise libpq's own ``PGSSL*`` settings hold",
)
POOL_SIZE = Variable("KNOWLEDGE_GRAPH_POOL_SIZE", 5, whole_number(1), "connections kept open by an adapter")
POOL_OVERFLOW = Variable("KNOWLEDGE_GRAPH_POOL_OVERFLOW", 10, whole_number(0), "connections opened beyond that in need")
POOL_TIMEOUT = Variable(
    "KNOWLEDGE_GRAPH_POOL_TIMEOUT", 30, whole_number(1, MAX_SECONDS), "seconds to wait for a free connection"
)
CONNECT_TIMEOUT = Variable(
    "KNOWLEDGE_GRAPH_CONNECT_TIMEOUT", 10, whole_number(2, MAX_SECONDS), "seconds to wait for a host to answer"
)
RETRIES = Variable(
    "KNOWLEDGE_GRAPH_RETRIES",
    8,
    whole_number(1),
    "tries of a call that meets a conflict, or loses its connection on the way",
)
RECONNECT_TIMEOUT = Variable(
    "KNOWLEDGE_GRAPH_RECONNECT_TIMEOUT",
    30,
    whole_number(0, MAX_SECONDS),
    "seconds that a call waits for a database that went away: a restart, a failover",
)
STATEMENT_TIMEOUT = Variable(
    "KNOWLEDGE_GRAPH_STATEMENT_TIMEOUT",
    0.0,
    as_seconds,
    "seconds that a statement may take, such as ``2.5``; ``0``: what the server or the role says",
)
LOCK_TIMEOUT = Variable(
    "KNOWLEDGE_GRAPH_LOCK_TIMEOUT",
    0.0,
    as_seconds,
    "seconds that a statement may wait for a lock; ``0``: what the server or the role says",
)
DEBUG_QUERIES = Variable(
    "THOTH_STORAGES_DEBUG_QUERIES",
    False,
    as_switch,
    "log every statement with its parameters, its duration and the method that asked",
)
LOG_STATS = Variable("THOTH_STORAGES_LOG_STATS", False, as_switch, "log ``stats()`` at INFO when the adapter goes away")
MEMORY_CACHE_SIZE = Variable(
    "THOTH_STORAGES_MEMORY_CACHE_SIZE", 65536, whole_number(0), "answers that each cached method keeps in memory"
)
MEMORY_CACHE_SECONDS = Variable(
    "THOTH_STORAGES_MEMORY_CACHE_SECONDS",
    300,
    whole_number(0, MAX_SECONDS),
    "seconds after which an answer in memory is asked anew",
)
GRAPH_CACHE: Variable[str | None] = Variable(
    "THOTH_STORAGES_GRAPH_CACHE", None, as_text, "path of the cache file, made when missing; unset: in memory"
)
GRAPH_CACHE_DISABLED = Variable(
    "THOTH_STORAGES_GRAPH_CACHE_DISABLED", False, as_switch, "``1``: the cache is not opened at all"
)
GRAPH_CACHE_INSERTS_DISABLED = Variable(
    "THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED",
    True,
    as_switch,
    "``0``: what the database answers is added to the cache as it goes",
)
GRAPH_CACHE_CONFIG: Variable[str | None] = Variable(
    "THOTH_STORAGES_GRAPH_CACHE_CONFIG", None, as_text, "configuration file of ``thoth-storages graph-cache``"
)
GRAPH_CACHE_OFFLINE = Variable(
    "THOTH_STORAGES_GRAPH_CACHE_OFFLINE",
    False,
    as_switch,
    "``1``: the cache file answers alone, as of the time it was made; no database is needed",
)
GRAPH_CACHE_DECODED_PACKAGES = Variable(
    "THOTH_STORAGES_GRAPH_CACHE_DECODED_PACKAGES",
    10_000,
    whole_number(1),
    "packages of an open cache file that are kept decoded, each environment counted; then they are decoded anew",
)
GRAPH_CACHE_BUILD_ROWS = Variable(
    "THOTH_STORAGES_GRAPH_CACHE_BUILD_ROWS",
    5_000,
    whole_number(1),
    "rows of the database that the build of a cache file holds at once",
)
MAX_DOCUMENT_SIZE = Variable(
    "THOTH_STORAGES_MAX_DOCUMENT_SIZE",
    64 << 20,
    whole_number(1),
    "bytes that a document may have, unpacked; a larger one is refused, and not held",
)
MAX_DOCUMENT_DEPTH = Variable(
    "THOTH_STORAGES_MAX_DOCUMENT_DEPTH",
    100,
    whole_number(1, _MAX_DEPTH),
    "levels that objects and lists of a document may be nested, 500 at most; a deeper one is refused",
)
EMBEDDED_BIN: Variable[Path | None] = Variable(
    "THOTH_STORAGES_EMBEDDED_BIN",
    None,
    Path,
    "folder of ``initdb``, ``pg_ctl`` and ``postgres`` to be embedded",
)
EMBEDDED_DATA: Variable[Path | None] = Variable(
    "THOTH_STORAGES_EMBEDDED_DATA", None, Path, "folder in which the embedded server keeps its data"
)
S3_ENDPOINT_URL: Variable[str | None] = Variable(
    "THOTH_S3_ENDPOINT_URL",
    None,
    as_text,
    "address of the object store: ``https://host:port``, ``http://host:port``, or ``file:///folder`` for a folder",
)
CEPH_KEY_ID: Variable[str | None] = Variable("THOTH_CEPH_KEY_ID", None, as_text, "access key; not needed for a folder")
CEPH_SECRET_KEY: Variable[str | None] = Variable(
    "THOTH_CEPH_SECRET_KEY", None, as_text, "its secret; not needed for a folder", is_secret=True
)
CEPH_BUCKET: Variable[str | None] = Variable("THOTH_CEPH_BUCKET", None, as_text, "bucket of the documents")
CEPH_BUCKET_PREFIX: Variable[str | None] = Variable(
    "THOTH_CEPH_BUCKET_PREFIX", None, as_text, "what the keys of all documents begin with"
)
CEPH_REGION: Variable[str | None] = Variable(
    "THOTH_CEPH_REGION", None, as_text, "region that requests are signed for; unset: ``us-east-1``, which Ceph accepts"
)
DEPLOYMENT_NAME: Variable[str | None] = Variable(
    "THOTH_DEPLOYMENT_NAME",
    None,
    as_text,
    "deployment that the documents belong to, the part of a key after the prefix",
)
CEPH_CONNECT_TIMEOUT = Variable(
    "THOTH_CEPH_CONNECT_TIMEOUT",
    10,
    whole_number(1, MAX_SECONDS),
    "seconds to wait for the object store to accept a connection",
)
CEPH_READ_TIMEOUT = Variable(
    "THOTH_CEPH_READ_TIMEOUT", 60, whole_number(1, MAX_SECONDS), "seconds of silence after which an answer is given up"
)
CEPH_TRIES = Variable(
    "THOTH_CEPH_TRIES", 5, whole_number(1, _MAX_TRIES), "tries of a request that meets an overload or a lost connection"
)
CEPH_WORKERS = Variable("THOTH_CEPH_WORKERS", 8, whole_number(1, _MAX_WORKERS), "documents that are fetched at once")
AMUN_TIMEOUT = Variable(
    "THOTH_AMUN_TIMEOUT", 60, whole_number(1, MAX_SECONDS), "seconds of silence after which Amun is given up"
)
AMUN_TRIES = Variable(
    "THOTH_AMUN_TRIES",
    5,
    whole_number(1, _MAX_TRIES),
    "tries of a request to Amun that meets an overload or a lost connection",
)

VARIABLES: tuple[Variable[object], ...] = tuple(value for value in globals().values() if isinstance(value, Variable))


@dataclass(frozen=True)
class KnowledgeGraphConfig:
    """How to reach PostgreSQL; the password stays out of the repr."""

    host: str = field(default_factory=HOST.read)
    read_host: str | None = field(default_factory=READ_HOST.read)
    port: int = field(default_factory=PORT.read)
    user: str = field(default_factory=USER.read)
    password: str = field(default_factory=PASSWORD.read, repr=False)
    database: str = field(default_factory=DATABASE.read)
    ssl_disabled: bool = field(default_factory=SSL_DISABLED.read)
    pool_size: int = field(default_factory=POOL_SIZE.read)
    pool_overflow: int = field(default_factory=POOL_OVERFLOW.read)
    pool_timeout: int = field(default_factory=POOL_TIMEOUT.read)
    statement_timeout: float = field(default_factory=STATEMENT_TIMEOUT.read)
    lock_timeout: float = field(default_factory=LOCK_TIMEOUT.read)
    connect_timeout: int = field(default_factory=CONNECT_TIMEOUT.read)

    @property
    def hosts(self) -> list[tuple[str, int]]:
        """The hosts with their ports, in the order given.

        Raises:
            ConfigurationError: a host is empty or its port is not one.

        """
        return self._parsed(HOST.name, self.host)

    @property
    def read_hosts(self) -> list[tuple[str, int]]:
        """The standbys to read from, with their ports; empty when the primary is read.

        Raises:
            ConfigurationError: a host is empty or its port is not one.

        """
        return self._parsed(READ_HOST.name, self.read_host) if self.read_host is not None else []

    @property
    def place(self) -> str:
        """Where the database is, for messages: ``host:port/database``."""
        return ",".join(f"{host}:{port}" for host, port in self.hosts) + f"/{self.database}"

    def _parsed(self, name: str, value: str) -> list[tuple[str, int]]:
        hosts = []
        for part in value.split(","):
            match = _HOST.fullmatch(part.strip())
            if match is None:
                raise ConfigurationError(f"{name}={value!r}: {part!r} is not a host")
            try:
                hosts.append((match["v6"] or match["name"], as_port(match["port"]) if match["port"] else self.port))
            except ValueError as error:
                raise ConfigurationError(f"{name}={value!r}: {error}") from None
        return hosts


@dataclass(frozen=True)
class GraphCacheConfig:
    """How the graph cache is used."""

    path: str | None = field(default_factory=GRAPH_CACHE.read)
    disabled: bool = field(default_factory=GRAPH_CACHE_DISABLED.read)
    inserts_disabled: bool = field(default_factory=GRAPH_CACHE_INSERTS_DISABLED.read)
    offline: bool = field(default_factory=GRAPH_CACHE_OFFLINE.read)


@dataclass(frozen=True)
class MemoryCacheConfig:
    """How much the cache in memory keeps, and for how long."""

    size: int = field(default_factory=MEMORY_CACHE_SIZE.read)
    seconds: int = field(default_factory=MEMORY_CACHE_SECONDS.read)


@dataclass(frozen=True)
class StoreConfig:
    """How to reach the object store; the secret stays out of the repr.

    What an argument does not say, the environment does.
    """

    endpoint_url: str = field(default_factory=lambda: S3_ENDPOINT_URL.read() or "")
    key_id: str = field(default_factory=lambda: CEPH_KEY_ID.read() or "")
    secret_key: str = field(default_factory=lambda: CEPH_SECRET_KEY.read() or "", repr=False)
    bucket: str = field(default_factory=lambda: CEPH_BUCKET.read() or "")
    region: str | None = field(default_factory=CEPH_REGION.read)
    connect_timeout: int = field(default_factory=CEPH_CONNECT_TIMEOUT.read)
    read_timeout: int = field(default_factory=CEPH_READ_TIMEOUT.read)
    tries: int = field(default_factory=CEPH_TRIES.read)
    workers: int = field(default_factory=CEPH_WORKERS.read)

    def __post_init__(self) -> None:
        """Refuse what is missing, all of it at once, and what cannot be used.

        Raises:
            ConfigurationError: the message names the variables.

        """
        missing = [variable.name for variable, value in self._required() if not value]
        if missing:
            raise ConfigurationError(f"the object store is not configured: {', '.join(missing)} must be set")
        self._check_endpoint()
        if "/" in self.bucket or "\0" in self.bucket or self.bucket in {".", ".."}:
            raise ConfigurationError(f"{CEPH_BUCKET.name}={self.bucket!r}: not the name of a bucket")

    @property
    def folder(self) -> Path | None:
        """The folder that holds the bucket, when the store is one."""
        url = urlsplit(self.endpoint_url)
        return Path(unquote(url.path)) if url.scheme == "file" else None

    @property
    def place(self) -> str:
        """Where the objects are, for messages: endpoint and bucket."""
        return f"{self.endpoint_url.rstrip('/')}/{self.bucket}"

    def _required(self) -> list[tuple[Variable[str | None], str]]:
        keys = [(CEPH_KEY_ID, self.key_id), (CEPH_SECRET_KEY, self.secret_key)]
        is_folder = self.endpoint_url.startswith("file:")
        return [(S3_ENDPOINT_URL, self.endpoint_url), *([] if is_folder else keys), (CEPH_BUCKET, self.bucket)]

    def _check_endpoint(self) -> None:
        if "@" in self.endpoint_url.partition("://")[2].partition("/")[0]:
            raise ConfigurationError(f"{S3_ENDPOINT_URL.name}: an address holds no user and no password")
        try:
            url = urlsplit(self.endpoint_url)
            is_server = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
            is_folder = url.scheme == "file" and not url.netloc and url.path.startswith("/") and "%00" not in url.path
        except ValueError:
            is_server = is_folder = False
        if not (is_server or is_folder) or "?" in self.endpoint_url or "#" in self.endpoint_url:
            raise ConfigurationError(
                f"{S3_ENDPOINT_URL.name}={self.endpoint_url!r}: not http://, https:// or file:/// and a place"
            )


@dataclass(frozen=True)
class DocumentStoreConfig(StoreConfig):
    """How to reach the documents of a deployment."""

    bucket_prefix: str = field(default_factory=lambda: CEPH_BUCKET_PREFIX.read() or "")
    deployment_name: str = field(default_factory=lambda: DEPLOYMENT_NAME.read() or "")

    def __post_init__(self) -> None:
        """Refuse what is missing, and what cannot be part of a key: a key stays in its place on every store.

        Raises:
            ConfigurationError: the message names the variables.

        """
        super().__post_init__()
        for variable, value in ((CEPH_BUCKET_PREFIX, self.bucket_prefix), (DEPLOYMENT_NAME, self.deployment_name)):
            if {"", ".", ".."} & set(value.split("/")) or "\0" in value:
                raise ConfigurationError(
                    f"{variable.name}={shown(value)}: cannot be part of a key: a part of it is empty, '.' or '..'"
                )
            if len(value.encode()) > _MAX_KEY_PART:
                raise ConfigurationError(f"{variable.name}={shown(value)}: longer than {_MAX_KEY_PART} bytes")

    def _required(self) -> list[tuple[Variable[str | None], str]]:
        return [
            *super()._required(),
            (CEPH_BUCKET_PREFIX, self.bucket_prefix),
            (DEPLOYMENT_NAME, self.deployment_name),
        ]


@dataclass(frozen=True)
class AmunConfig:
    """How long, and how often, Amun is asked."""

    timeout: int = field(default_factory=AMUN_TIMEOUT.read)
    tries: int = field(default_factory=AMUN_TRIES.read)
