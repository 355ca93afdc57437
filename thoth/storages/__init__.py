"""Storage library of project Thoth."""

from .graph import GraphCache, GraphDatabase

__version__ = "1.0.0.dev0"

__all__ = ["GraphCache", "GraphDatabase", "__version__"]
