"""What it costs to import the library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ..measure import LIBRARY, RELEASED, Subject
from ..registry import Benchmark, group
from ..targets import Target, holds, size, under
from ..workspace import Workspace

_ROOT = Path(__file__).parents[2]
_SCRIPT = """
import json, sys, time
def resident():
    return next(int(l.split()[1]) * 1024 for l in open("/proc/self/status") if l.startswith("VmRSS"))
before, started = resident(), time.process_time()
{statement}
print(json.dumps([time.process_time() - started, resident(), "boto3" in sys.modules]))
"""


@group("import")
def imports(workspace: Workspace) -> Iterator[Benchmark]:
    """``import thoth.storages`` in a process of its own."""
    library = _subject(LIBRARY, Path(sys.executable), "import thoth.storages")
    released = []
    if workspace.options.with_released:
        released = [_subject(RELEASED, workspace.released_python, "import thoth.storages")]
    memory: Target = holds("under 60 MB resident", 60e6, lambda: library.resident, size)
    boto3: Target = holds("boto3 is not imported", 0, lambda: float("with boto3" in library.note), "{:g}".format)
    yield Benchmark("import", "import thoth.storages", [library, *released], [under(0.25), memory, boto3])
    graph = _subject(LIBRARY, Path(sys.executable), "from thoth.storages import GraphDatabase")
    parts = _subject(
        "SQLAlchemy, psycopg2, msgspec alone",
        Path(sys.executable),
        "import sqlalchemy.orm, sqlalchemy.dialects.postgresql, psycopg2, msgspec",
    )
    yield Benchmark("import-graph", "from thoth.storages import GraphDatabase", [graph, parts, *released], [])


def _subject(label: str, python: Path, statement: str) -> Subject:
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    own = python == Path(sys.executable)

    def run() -> float:
        command = [str(python), "-W", "ignore", "-c", _SCRIPT.format(statement=statement)]
        result = subprocess.run(
            command, capture_output=True, text=True, check=True, env=variables, cwd=_ROOT if own else python.parent
        )
        seconds, subject.resident, with_boto3 = json.loads(result.stdout)
        subject.note = f"{size(subject.resident or 0)} resident" + (", with boto3" if with_boto3 else "")
        return float(seconds)

    subject = Subject(label, run)
    return subject
