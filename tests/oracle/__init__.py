"""The test oracle: what the graph has to answer over solver documents, in plain Python, slow and obviously right.

`facts` reads one document into what it says, `graph` keeps what was said last, `dependencies` and `packages` answer.
Methods have the names, parameters and results of `GraphDatabase`; where that raises ``NotFoundError``, the oracle
raises ``LookupError``. Deleting a document is making a new oracle without it. Nothing here imports the library: it is
the independent truth that the library is compared with.
"""

from .dependencies import Dependencies, Edge
from .facts import Document, Environment, Fact, Package, Release, Requirement, read_document
from .graph import Env, Extras, Record
from .packages import Packages

__all__ = [
    "Document",
    "Edge",
    "Env",
    "Environment",
    "Extras",
    "Fact",
    "Oracle",
    "Package",
    "Record",
    "Release",
    "Requirement",
    "read_document",
]


class Oracle(Dependencies, Packages):
    """All answers over some solver documents."""
