"""`thoth-storages query`: questions to the knowledge graph, asked from a prompt."""

from __future__ import annotations

from .commands import query

__all__ = ["query"]
