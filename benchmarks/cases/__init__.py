"""The benchmarks, a module a topic; importing this registers them."""

from . import cache_files, closures, dependents, imports, listings, lookups, sync, writers

__all__ = ["cache_files", "closures", "dependents", "imports", "listings", "lookups", "sync", "writers"]
