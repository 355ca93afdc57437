"""A process of the released thoth-storages: calls come in as JSON lines, what they took goes out as JSON lines.

It runs in the environment of that release, started by its path: nothing of this checkout is on its path, and nothing
but the standard library and the release is imported here.
"""

from __future__ import annotations

import gc
import json
import logging
import statistics
import sys
import time
import warnings
from typing import Any

Json = dict[str, Any]


class Worker:
    """One adapter of the release."""

    def __init__(self) -> None:
        """Import the release, and note what that took."""
        started = time.perf_counter()
        # The environment is another one, whose types are not known here.
        storages: Any = __import__("thoth.storages").storages
        self.import_seconds = time.perf_counter() - started
        self._graph = storages.GraphDatabase()
        self.version: str = storages.__version__
        self._statements = 0
        event: Any = __import__("sqlalchemy.event").event
        engine: Any = __import__("sqlalchemy.engine").engine.Engine
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self._statements += 1

    def initialize(self) -> Json:
        """Make the schema in an empty database."""
        try:
            self._graph.connect()
        except Exception as error:  # it wants a schema before it lets one be made
            logging.getLogger(__name__).debug("not there yet: %s", error)
        self._graph.initialize_schema()
        return self.disconnect()

    def connect(self) -> Json:
        """Connect to the database that the environment names."""
        self._graph.connect()
        return {"version": self.version, "import_seconds": self.import_seconds}

    def disconnect(self) -> Json:
        """Close the connections, those that idle, too."""
        if self._graph.is_connected():
            self._graph.disconnect()
        gc.collect()
        return {}

    def call(self, method: str, calls: list[list[Any]], answers: bool = False, warm: bool = False) -> Json:
        """Call a method several times, with caches that hold nothing.

        Args:
            method: its name.
            calls: positional and keyword arguments of each call.
            answers: whether the answers are wanted, and not their sizes alone.
            warm: whether the calls are made once before, so that caches have the answers.

        """
        self._graph.cache_clear()
        function = getattr(self._graph, method)
        if warm:
            for arguments, keywords in calls:
                function(*[_hashable(argument) for argument in arguments], **keywords)
        before, results, took = self._statements, [], []
        _wake_processor()
        processor = time.thread_time()
        for arguments, keywords in calls:
            started = time.perf_counter()
            results.append(function(*[_hashable(argument) for argument in arguments], **keywords))
            took.append(time.perf_counter() - started)
        processor = time.thread_time() - processor
        # Calls that take less than the clock does are told by processor time, in the mean.
        seconds = processor / len(calls) if warm else statistics.median(took)
        sizes = [len(result) if hasattr(result, "__len__") else 1 for result in results]
        found = {"seconds": seconds, "statements": self._statements - before, "size": sum(sizes)}
        return {**found, "answers": [_plain(result) for result in results]} if answers else found

    def sync(self, path: str, start: int, count: int) -> Json:
        """Put documents of a file, one a line, into the graph; they are parsed before the time is taken."""
        with open(path, encoding="utf-8") as lines:
            documents = [json.loads(line) for number, line in enumerate(lines) if start <= number < start + count]
        before, started = self._statements, time.perf_counter()
        for document in documents:
            self._graph.sync_solver_result(document)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "statements": self._statements - before, "size": len(documents)}


def _wake_processor() -> None:
    """Keep the processor busy for a moment, as is done before the work of the others in their process."""
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:
        pass


def _hashable(argument: Any) -> Any:
    return tuple(argument) if isinstance(argument, list) else argument


def _plain(result: Any) -> Any:
    """Return an answer as JSON can hold it: a list of pairs for a dictionary."""
    if isinstance(result, dict):
        return [[_plain(key), _plain(value)] for key, value in result.items()]
    if isinstance(result, list | tuple | set | frozenset):
        return [_plain(item) for item in result]
    return result


def main() -> None:
    """Answer line by line until the input ends."""
    # What the release prints must not come between the lines of the protocol.
    output, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        output.write(json.dumps(answer) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
