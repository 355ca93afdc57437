"""The part of an adapter that tells others what it does."""

from __future__ import annotations

from sqlalchemy import Engine

from ..config import DEBUG_QUERIES, LOG_STATS
from .call_counts import CallCounts
from .observation import Observation, Observer
from .query_log import QueryLog
from .traces import Traces, current_provider


class Observable:
    """Can be observed; costs nothing while it is not."""

    _observers: tuple[Observer, ...] = ()
    """Those that stay when the adapter connects anew."""
    _observation: Observation | None = None
    """None while there is nobody to tell, and before `connect`."""
    _counts: CallCounts | None = None

    def add_observer(self, observer: Observer) -> None:
        """Tell an observer of the calls and statements that follow, also after connecting anew.

        Args:
            observer: see `thoth.storages.graph.observation.Observer`.

        """
        self._observers = (*self._observers, observer)
        if self._observation is not None:
            self._observation.observers = (*self._observation.observers, observer)
        elif self._engines():
            self._observation = Observation(self._engines(), (observer,))

    def _engines(self) -> list[Engine]:
        """Return the engines of the adapter: none before `connect`."""
        raise NotImplementedError

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Those that were added."""
        return self._observers

    def count_calls(self) -> CallCounts:
        """Count calls, statements, rows and documents from now on, unless that is done already.

        Returns:
            The counts.

        """
        if self._counts is None:
            self._counts = CallCounts()
            self.add_observer(self._counts)
        return self._counts

    def _observe(self, *engines: Engine) -> None:
        """Observe new engines: for those that were added, and for what the environment asks for."""
        self._observation = None
        if LOG_STATS.read():
            self.count_calls()
        observers = self._observers
        provider = current_provider()
        if provider is not None:
            observers = (*observers, Traces(provider))
        if DEBUG_QUERIES.read():
            observers = (*observers, QueryLog())
        if observers:
            self._observation = Observation(engines, observers)
