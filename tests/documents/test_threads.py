"""Documents are read by many threads, also the first of a kind."""

from __future__ import annotations

from tests.processes import python

SCRIPT = """
import sys
import threading
from thoth.storages.exceptions import SchemaError
from thoth.storages.sync import KINDS

sys.setswitchinterval(1e-6)
together = threading.Barrier(8)
refused = []

def read():
    together.wait()
    for name, kind in KINDS.items():
        try:
            kind.read({"metadata": {}, "result": {}})
        except SchemaError:
            refused.append(name)

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(refused) == 8 * len(KINDS)
"""


def test_the_first_documents_of_each_kind_at_once() -> None:
    """The process crashed each time: msgspec finds out what a struct is made of when it is first used."""
    done = python(SCRIPT)
    assert (done.returncode, done.stderr) == (0, "")
