"""A call that is run again: after a conflict, after a lost connection, and while the database is away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from ..config import RECONNECT_TIMEOUT, RETRIES
from ..exceptions import NotConnected, NotFoundError, OutcomeUnknown, RetryTransaction
from .errors import is_away, is_lost, is_read_only, is_transient, translated

R = TypeVar("R")


class Call(Generic[R]):
    """One call of a function that takes a session, whatever number of attempts that takes.

    A connection that is lost while COMMIT is on its way leaves open whether the transaction took place. The function
    runs again then; when it finds that there is nothing to do any more, it was done, and what it answered the first
    time is the answer. (Nothing was answered by one that commits itself.)
    """

    def __init__(
        self,
        session: Callable[[], AbstractContextManager[Any]],
        function: Callable[[Any], R],
        *,
        place: str,
        commits: bool = False,
        reconnect: Callable[[], object] | None = None,
    ) -> None:
        """Say what is to be called.

        Args:
            session: opens a session, whose transaction is committed at the end.
            function: takes the session; may be called several times.
            place: host, port and database, for messages.
            commits: whether the function commits what it did: nobody knows, then, where in it a connection was lost.
            reconnect: gives up all connections, so that another server is found; not given: there is one server.

        """
        self._session = session
        self._function = function
        self._place = place
        self._commits = commits
        self._reconnect = reconnect
        self.attempts = 0
        """How often the function was begun with."""
        self._unanswered: list[R] = []
        """What the attempt answered whose COMMIT was not answered."""

    def run(self) -> R:
        """Return what the function returns.

        Raises:
            ThothStorageException: what an error of the database means.

        """
        try:
            try:
                return self._attempt()
            except Exception as error:
                patience = _Patience()
                if not is_transient(error) or patience.is_over(error, seconds=0):
                    raise
                retrying = Retrying(
                    stop=patience,
                    wait=wait_random_exponential(multiplier=0.05, max=2),
                    retry=retry_if_exception(is_transient),
                    reraise=True,
                )
            return retrying(self._attempt)
        except Exception as error:
            known = translated(error, self._place)
            if self._unanswered and isinstance(known, (NotConnected, RetryTransaction)):
                raise OutcomeUnknown(
                    f"{self._place}: the connection was lost while a write was being committed, which was done or was "
                    f"not: do it again; {str(known).removeprefix(f'{self._place}: ')}"
                ) from error
            if known is error:
                raise
            raise known from error

    def _attempt(self) -> R:
        self.attempts += 1
        ended = False
        try:
            with self._session() as session:
                answer = self._function(session)
                ended = True
        except NotFoundError:
            if self._unanswered:  # it was there the first time, and was removed
                return self._unanswered[0]
            raise
        except DBAPIError as error:
            if (ended or self._commits) and is_lost(error) and not self._unanswered:
                self._unanswered.append(answer if ended else None)  # type: ignore[arg-type]
            if is_read_only(error) and self._reconnect is not None:
                self._reconnect()
                told = " ".join(str(error.orig).split())
                raise RetryTransaction(f"{self._place}: the server is not the primary any more: {told}") from error
            raise
        if self._unanswered and not answer:
            return self._unanswered[0]
        return answer


class _Patience:
    """When to give up: tries are counted, but for those that found no database, which have a time."""

    _tries = 0

    def is_over(self, error: BaseException | None, *, seconds: float) -> bool:
        """Count an attempt that failed, so many seconds after the first; tell whether it was the last."""
        if error is not None and is_away(error):
            return seconds >= RECONNECT_TIMEOUT.read()
        self._tries += 1
        return self._tries >= RETRIES.read()

    def __call__(self, state: RetryCallState) -> bool:
        error = None if state.outcome is None else state.outcome.exception()
        return self.is_over(error, seconds=state.seconds_since_start or 0)
