"""Measuring: subjects that do the same work, interleaved, several times; medians, spread, peak memory."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import truediv
from pathlib import Path
from typing import Any

LIBRARY = "this library"
RELEASED = "0.74.1"
FLOOR = "floor"
REPLAYED = "its statements alone"
_SHORT, _LONG = 2.0, 30.0
"""Seconds: more rounds than were asked for are made up to the one, not counting who takes part in a few alone, and no
more rounds at all after the other."""
_MORE = 5
_BUSY = 0.05
"""Seconds."""


@dataclass
class Subject:
    """Somebody who does the work: the library, the released one, the bare driver."""

    label: str
    run: Callable[[], float]
    """Does the work once, and returns the seconds that one operation took."""
    statements: float | None = None
    """Sent to a database for one operation."""
    rows: int | None = None
    """How much one operation reads or writes, in what the benchmark says."""
    process: int | None = None
    """The process whose memory counts; this one when not given."""
    rounds: int | None = None
    """At most; as many as asked for when not given."""
    note: str = ""
    resident: float | None = None
    """Bytes of memory of a process of its own, where the work is done in one."""


@dataclass
class Outcome:
    """What was measured of one subject."""

    label: str
    seconds: list[float] = field(default_factory=list)
    statements: float | None = None
    rows: int | None = None
    peak: int | None = None
    """Bytes of memory that the work took at most, beyond what the process had before."""
    note: str = ""

    @property
    def median(self) -> float:
        """Median of the seconds of one operation."""
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        """The least of the seconds of one operation: what it takes when nothing else goes on."""
        return min(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """First and third quartile of the seconds."""
        if len(self.seconds) < 2:
            return self.median, self.median
        first, _, third = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return first, third

    def times(self, other: Outcome) -> float:
        """Return how many times as long as another this took: the median of what it was in each round.

        A machine is quicker in one minute than in another. Of one that took part in fewer rounds, medians are compared.
        """
        if len(self.seconds) != len(other.seconds):
            return self.median / other.median
        ratios: list[float] = list(map(truediv, self.seconds, other.seconds))
        return statistics.median(ratios)


def timed(work: Callable[[], Any], operations: int = 1) -> Callable[[], float]:
    """Return a run that does some work once, and tells the seconds of one of the operations that it consists of."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) / operations

    return run


def each(call: Callable[[Any], Any], arguments: Sequence[Any]) -> Callable[[], float]:
    """Return a run that makes a call for each argument, and tells the median of the seconds that a call took."""

    def run() -> float:
        seconds = []
        for argument in arguments:
            started = time.perf_counter()
            call(argument)
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds)

    return run


def repeated(call: Callable[[], Any], times: int) -> Callable[[], float]:
    """Return a run that makes a call several times, and tells the median of the seconds that it took."""
    return each(lambda _: call(), range(times))


def computed(call: Callable[[Any], Any], arguments: Sequence[Any]) -> Callable[[], float]:
    """Return a run that makes a call for each argument, and tells the seconds of processor time of one, in the mean.

    For what stays within the process: whatever else the machine does is not in it, and calls that take less than the
    clock does can be told apart.
    """

    def run() -> float:
        started = time.thread_time()
        for argument in arguments:
            call(argument)
        return (time.thread_time() - started) / max(1, len(arguments))

    return run


def interleaved(subjects: Sequence[Subject], rounds: int) -> list[Outcome]:
    """Let each subject do its work in turn, and again: what disturbs the machine for a while disturbs all of them.

    Args:
        subjects: who does the work.
        rounds: how often; up to five times as often as long as it takes no more than two seconds, and no more often
            once it took half a minute.

    """
    outcomes = [Outcome(subject.label) for subject in subjects]
    with _set_aside():
        _measure(subjects, outcomes, rounds)
    for subject, outcome in zip(subjects, outcomes, strict=True):
        # Known when the work was done at last; some find them out as they go.
        outcome.statements, outcome.rows, outcome.note = subject.statements, subject.rows, subject.note
    return outcomes


@contextmanager
def _set_aside() -> Iterator[None]:
    """Keep the garbage collector from what is there already: a corpus, which those who are measured do not hold.

    To look through it before each work takes the caches of the processor: a look-up in a dict takes four times as long.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _wake_processor() -> None:
    """Keep the processor busy for a moment: one that idled, as while another process worked, is slow to begin with."""
    until = time.perf_counter() + _BUSY
    while time.perf_counter() < until:
        pass


def _measure(subjects: Sequence[Subject], outcomes: Sequence[Outcome], rounds: int) -> None:
    elapsed = of_few_rounds = 0.0
    for number in range(rounds * _MORE):
        if (number >= rounds and elapsed - of_few_rounds > _SHORT) or (number and elapsed > _LONG):
            break
        for subject, outcome in zip(subjects, outcomes, strict=True):
            if subject.rounds is not None and number >= subject.rounds:
                continue
            started = time.perf_counter()
            gc.collect()
            _wake_processor()
            before = reset_peak(subject.process)
            outcome.seconds.append(subject.run())
            peak = peak_memory(subject.process)
            if before is not None and peak is not None:
                outcome.peak = max(outcome.peak or 0, peak - before)
            took = time.perf_counter() - started
            elapsed += took
            of_few_rounds += took if subject.rounds is not None else 0


def reset_peak(process: int | None = None) -> int | None:
    """Let the peak of a process's resident memory begin anew; return its resident memory, None where unknown.

    https://www.kernel.org/doc/html/latest/filesystems/proc.html: writing 5 to ``clear_refs``. ``getrusage`` only
    knows the peak of a whole life.
    """
    with suppress(OSError):
        Path(f"/proc/{process or os.getpid()}/clear_refs").write_text("5")
        return _status("VmRSS", process)
    return None


def peak_memory(process: int | None = None) -> int | None:
    """Return the peak of a process's resident memory since `reset_peak`, in bytes; None where unknown."""
    with suppress(OSError):
        return _status("VmHWM", process)
    return None


def resident_memory(process: int | None = None) -> int | None:
    """Return the resident memory of a process, in bytes; None where unknown."""
    with suppress(OSError):
        return _status("VmRSS", process)
    return None


def _status(name: str, process: int | None) -> int | None:
    for line in Path(f"/proc/{process or os.getpid()}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
