"""The knowledge graph: the database, and the cache in front of it."""

from .cache import GraphCache
from .postgres import GraphDatabase

__all__ = ["GraphCache", "GraphDatabase"]
