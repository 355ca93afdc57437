"""Several writers at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from thoth.storages.sync import sync_local_documents

from ..measure import LIBRARY, Subject, timed
from ..registry import Benchmark, group
from ..targets import faster
from ..workspace import Workspace

_ROOT = Path(__file__).parents[2]
_ONE = "one writer"
_BARE, _ONE_BARE = "two that send its statements alone", "one that sends its statements alone"


@group("two-writers")
def two_writers(workspace: Workspace) -> Iterator[Benchmark]:
    """Two processes, and two threads of one, beside one."""
    count = len(workspace.documents)
    for size, how in ((1, "a transaction each"), (100, "a hundred a transaction")):
        yield Benchmark(
            f"two-writers-{size}",
            f"two processes that write, {how}",
            [
                Subject(LIBRARY, partial(_share, workspace, "library", 2, size), rows=1, rounds=5),
                Subject(_ONE, partial(_share, workspace, "library", 1, size), rows=1, rounds=5),
                Subject(_BARE, partial(_share, workspace, "driver", 2, size), rows=1, rounds=5),
                Subject(_ONE_BARE, partial(_share, workspace, "driver", 1, size), rows=1, rounds=5),
            ],
            [faster(_ONE, 1.5)],
            "documents",
            {LIBRARY: _BARE, _ONE: _ONE_BARE},
        )
    yield Benchmark(
        "two-workers",
        "thoth-storages sync --workers 2: two threads of one process",
        [
            Subject(LIBRARY, lambda: _threads(workspace, 2) / count, rows=1, rounds=5),
            Subject(_ONE, lambda: _threads(workspace, 1) / count, rows=1, rounds=5),
            Subject(_BARE, partial(_share, workspace, "driver", 2, 100), rows=1, rounds=5),
            Subject(_ONE_BARE, partial(_share, workspace, "driver", 1, 100), rows=1, rounds=5),
        ],
        [faster(_ONE, 1.5)],
        "documents",
        {LIBRARY: _BARE, _ONE: _ONE_BARE},
    )


def _threads(workspace: Workspace, workers: int) -> float:
    with workspace.fresh(workspace.empty, "bench_library") as database, workspace.databases.graph(database) as graph:
        return timed(lambda: sync_local_documents([workspace.lines], graph=graph, workers=workers))()


def _share(workspace: Workspace, how: str, writers: int, size: int) -> float:
    count = min(workspace.options.written, len(workspace.documents)) if size == 1 else len(workspace.documents)
    return _processes(workspace, how, writers, size, count) / count


def _processes(workspace: Workspace, how: str, writers: int, size: int, count: int) -> float:
    """Let processes share the documents; return the seconds from when all are ready until the last is done."""
    with workspace.fresh(workspace.empty, "bench_library") as database:
        arguments = [str(workspace.lines), how, str(count), str(writers), str(size)]
        command = [sys.executable, "-m", "benchmarks.writer", *arguments]
        variables = {**os.environ, **workspace.databases.environment(database)}
        processes = [
            subprocess.Popen(
                [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, cwd=_ROOT
            )
            for number in range(writers)
        ]
        _wait_for(processes)
        started = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        _wait_for(processes)
        seconds = time.perf_counter() - started  # without the ends of the processes
        for process in processes:
            assert process.stdout is not None
            process.stdout.close()
            if process.wait():
                raise RuntimeError(f"a writer failed with {process.returncode}")
        with workspace.databases.graph(database) as graph:
            assert graph.get_solver_documents_count() == count
        return seconds


def _wait_for(processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until each says something."""
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
