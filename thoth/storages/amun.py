"""Amun, which runs inspections: a client of its REST API, as the OpenAPI documents of amun-api describe it.

Every release answers ``specification``, ``status`` and ``build/log`` of an inspection. Those until 2019 ran a script
once (``job/log``), later ones may run it several times (``job/logs``, and ``status`` has the containers one by one).
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import msgspec
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError

from .config import MAX_DOCUMENT_SIZE, AmunConfig
from .documents.base import convert, parse
from .exceptions import AmunError, ConfigurationError, NotConnected, NotFoundError, SchemaError

AT_ONCE = 8
"""Connections that are kept open: the number of threads that may ask without waiting for a new one."""

_ROUTES = ("inspection", "inspect")
"""What the paths of inspections begin with, in one deployment or another; the first answer tells which it is."""
_CONNECT_TIMEOUT = 10
_PASSING = (429, 502, 503, 504)
_LONGEST_PAUSE = 5
_TERMINATED = "terminated"
_ENDED = {"Succeeded", "Failed", "Error"}
"""Phases of a workflow that go over into no other, https://argo-workflows.readthedocs.io/en/latest/fields/."""


class Container(msgspec.Struct, frozen=True):
    """A container as Kubernetes knows it: ``waiting``, ``running``, or ``terminated``."""

    state: str | None = None
    exit_code: int | None = None

    @property
    def is_terminated(self) -> bool:
        """Whether it came to its end, whatever that was."""
        return self.state == _TERMINATED


class Job(Container, frozen=True):
    """What runs the script: one container, or several."""

    finished_at: str | None = None
    completions: int | None = None
    """How many of the containers have to succeed."""
    nodes: list[Container] | None = None
    pods: list[Container] | None = None
    """The same as ``nodes``, under its name of early 2020."""

    @property
    def is_batch(self) -> bool:
        """Whether it runs several containers, or may."""
        return self.nodes is not None or self.pods is not None or self.completions is not None

    @property
    def containers(self) -> list[Container]:
        """The containers that were made until now."""
        if self.is_batch:
            return self.nodes or self.pods or []
        return [] if self.state is None else [self]

    @property
    def is_finished(self) -> bool:
        """Whether all that it has to run came to an end."""
        ended = len([container for container in self.containers if container.is_terminated])
        return ended == len(self.containers) and (bool(self.finished_at) or ended >= (self.completions or 1))


class Workflow(msgspec.Struct, frozen=True):
    """What builds and runs, one after the other."""

    phase: str | None = None


class InspectionStatus(msgspec.Struct, frozen=True):
    """How far an inspection is."""

    build: Container
    job: Job | None = None
    workflow: Workflow | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will be built or run: the workflow says so, or the build failed."""
        failed = self.build.is_terminated and self.build.exit_code not in (None, 0)
        return failed or (self.workflow is not None and self.workflow.phase in _ENDED)

    @property
    def is_scheduled(self) -> bool:
        """Whether the script was begun with, or waits for a place."""
        return self.job is not None and bool(self.job.containers)

    @property
    def may_be_finished(self) -> bool:
        """Whether all that is known of is done; whether more has to be done may depend on the specification."""
        if self.is_ended:
            return True
        if self.workflow is not None and self.workflow.phase:
            return False  # what failed may be run again
        return self.build.is_terminated and (not self.is_scheduled or (self.job is not None and self.job.is_finished))


class Answer(msgspec.Struct, frozen=True):
    """What Amun answered with success."""

    url: str
    document: dict[str, Any]
    is_late: bool
    """Whether it says to come back later."""

    def part(self, name: str, kind: Any) -> Any:
        """Return a part of it.

        Raises:
            SchemaError: there is no such part, or it is of another kind; the message names URL and field.

        """
        if name not in self.document:
            raise SchemaError(f"{self.url}: $.{name}: absent")
        return convert(self.document[name], kind, f"{self.url}: $.{name}")


class _Retry(Retry):
    """Retries that do not wait for as long as a server likes."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        found = super().get_retry_after(response)
        return None if found is None else min(found, _LONGEST_PAUSE)


class AmunClient:
    """What Amun says about inspections; threads may share one.

    A request that meets an overload (429, 502, 503, 504), silence or a lost connection is made again, ``config.tries``
    times in all, with pauses that grow to some seconds. Redirections are not followed. Every error names the URL, and
    none a password.
    """

    def __init__(self, url: str, config: AmunConfig | None = None) -> None:
        """Make a client; no request is made yet.

        Args:
            url: address of the API, with what comes before ``/inspection/<id>`` or ``/inspect/<id>``, for example
                ``https://amun.example.com/api/v1``; user and password in it are those of basic authentication.
            config: how long, and how often, Amun is asked; by default as the environment says.

        Raises:
            ConfigurationError: that is no address of a server, or an environment variable cannot be used.

        """
        self.url, user = _address(url)
        self.config = config or AmunConfig()
        self.answered = False
        """Whether Amun was reached, ever."""
        self._route: str | None = None
        again = self.config.tries - 1
        self._retries = _Retry(
            again,
            redirect=False,
            status_forcelist=_PASSING,
            raise_on_status=False,
            backoff_factor=0.1,
            backoff_max=_LONGEST_PAUSE,
            backoff_jitter=0.1,
        )
        authorization = {"Authorization": f"Basic {b64encode(user.encode()).decode()}"} if user else {}
        self._pool = PoolManager(
            maxsize=AT_ONCE,
            headers={"Accept": "application/json", **authorization},
            timeout=Timeout(connect=min(_CONNECT_TIMEOUT, self.config.timeout), read=self.config.timeout),
        )

    def __repr__(self) -> str:
        """Say where Amun is."""
        return f"{type(self).__name__}({self.url!r})"

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def status(self, inspection_id: str) -> tuple[InspectionStatus, dict[str, Any]]:
        """Return how far an inspection is, as read, and as Amun says it.

        Raises:
            NotFoundError: Amun knows no such inspection.
            SchemaError: the answer does not have the shape that it should; the message names URL and field.
            NotConnected: Amun cannot be reached.
            AmunError: it refuses, or fails.

        """
        answer = self._get(inspection_id, "status")
        if "status" in answer.document:
            return answer.part("status", InspectionStatus), answer.document["status"]
        # Until 2019 the parts of it were beside the parameters that are echoed.
        said = {name: value for name, value in answer.document.items() if name != "parameters"}
        return convert(said, InspectionStatus, f"{answer.url}: $"), said

    def specification(self, inspection_id: str) -> tuple[dict[str, Any], str | None]:
        """Return what was to be inspected, and when that was asked for; raises what `status` does."""
        answer = self._get(inspection_id, "specification")
        created: str | None = answer.part("created", str | None) if "created" in answer.document else None
        return answer.part("specification", dict[str, Any]), created

    def build_log(self, inspection_id: str) -> str | None:
        """Return what the build printed, None when that is not kept any more; raises what `status` does."""
        log: str | None = self._get(inspection_id, "build/log").part("log", str | None)
        return log

    def job_log(self, inspection_id: str) -> dict[str, Any] | None:
        """Return ``job_log`` of an inspection's document, or None when it is too early; raises what `status` does."""
        answer = self._get(inspection_id, "job/log")
        return None if answer.is_late else {"job_log": answer.part("log", dict[str, Any] | None)}

    def job_logs(self, inspection_id: str) -> dict[str, Any] | None:
        """Return ``job_logs`` of an inspection's document, or None when it is too early; raises what `status` does."""
        answer = self._get(inspection_id, "job/logs")
        return None if answer.is_late else {"job_logs": answer.part("logs", list[dict[str, Any] | None])}

    def _get(self, inspection_id: str, what: str) -> Answer:
        if not inspection_id or "/" in inspection_id or inspection_id in {".", ".."}:
            raise SchemaError(f"{inspection_id!r}: not an identifier of an inspection")
        part = f"{quote(inspection_id, safe='', errors='backslashreplace')}/{what}"
        for route in (self._route,) if self._route else _ROUTES:
            url = f"{self.url}/{route}/{part}"
            status, blob = self._ask(url)
            self.answered = True
            if status in (200, 202):
                self._route = route
                return Answer(url, parse(blob, url), status == 202)
            if status != 404 or _is_of_amun(blob):
                break
        else:
            url = f"{self.url}/{self._route or _ROUTES[0]}/{part}"
        _refused(url, inspection_id, status, blob)

    def _ask(self, url: str) -> tuple[int, bytes]:
        """Return status and content of an answer.

        Raises:
            NotConnected: no answer came, or none that was whole.
            SchemaError: it is larger than any should be.

        """
        retries: Retry = self._retries
        most = MAX_DOCUMENT_SIZE.read()
        try:
            while True:
                response = self._pool.request("GET", url, retries=retries, redirect=False, preload_content=False)
                try:
                    blob = response.read(most + 1)
                except HTTPError as error:
                    retries = (response.retries or retries).increment("GET", url, error=error)
                    retries.sleep()
                    continue
                if len(blob) > most:
                    response.close()
                    raise SchemaError(f"{url}: the answer is larger than {MAX_DOCUMENT_SIZE.name}={most} bytes")
                response.release_conn()
                return response.status, blob
        except HTTPError as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            raise NotConnected(f"{url}: Amun cannot be reached, or breaks off: {str(reason)[:300]}") from None


def _refused(url: str, inspection_id: str, status: int, blob: bytes) -> NoReturn:
    """Raise what an answer without success means."""
    said = _error_of(blob)
    if status == 404:
        raise NotFoundError(f"{url}: Amun does not have that of inspection {inspection_id!r}{said}")
    raise AmunError(f"{url}: Amun refuses, or fails ({status}){said}")


def _error_of(blob: bytes) -> str:
    """Return what an answer says is wrong, for messages."""
    try:
        document = parse(blob, "")
    except SchemaError:
        return ""
    error = document.get("error") or document.get("detail")
    return f": {str(error)[:300]}" if error else ""


def _is_of_amun(blob: bytes) -> bool:
    """Tell whether Amun says that there is nothing, and not the server that there is no such path."""
    try:
        document = parse(blob, "")
    except SchemaError:
        return False
    return "error" in document and "parameters" in document


def _address(url: str) -> tuple[str, str]:
    """Return an address without user and password, and these.

    Raises:
        ConfigurationError: it is no address of a server.

    """
    try:
        parts = urlsplit(url)
        is_server = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_server = False
    if not is_server or "?" in url or "#" in url:
        # What comes before the last "@" may be a password, also where it does not belong.
        scheme, separator, rest = str(url).rpartition("@")[2].rpartition("://")
        shown = re.split("[?#]", f"{scheme}{separator}{rest}")[0]
        raise ConfigurationError(f"amun_api_url={shown!r}: not http:// or https:// and a place")
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", "")), unquote(user)
