"""The benchmarks, a module a topic; importing this registers them."""

from . import cache_files, closures, dependents, imports, listings, lookups, sync, writers

__all__ = ["cache_files", "closures", "dependents", "imports", "listings", "lookups", "sync", "writers"]

ORDER = (
    "sync",
    "sync-groups",
    "two-writers",
    "already-in",
    "large-document",
    "lookups",
    "memory",
    "cache-lookups",
    "closure-database",
    "closure-many",
    "closure-cache",
    "dependents",
    "listings",
    "cache-build",
    "cache-open",
    "cache-large",
    "import",
)
"""The groups, as the page shows them."""
