"""What the tables of software stacks hold, put together in plain Python for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from tests.oracle.stacks import Stack, canonical
from thoth.storages import GraphDatabase
from thoth.storages.graph.models_base import Base

Json = dict[str, Any]


class StoredStacks:
    """The content of the tables."""

    def __init__(self, graph: GraphDatabase) -> None:
        """Read the tables."""
        with graph.engine.connect() as connection:
            self._rows = {
                table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in Base.metadata.sorted_tables
                if not table.name.startswith(("pi_", "solve", "depends_on"))
            }

    def table(self, name: str) -> list[Json]:
        """Return the rows of a table."""
        return self._rows[name]

    def by_id(self, name: str, id_: int | None) -> Json:
        """Return the row of an id, without that id; nothing for None."""
        return next(({**row, "id": None} for row in self._rows[name] if id_ is not None and row["id"] == id_), {})

    def stack(self, id_: int | None) -> Stack | None:
        """Return a stack as the oracle tells it."""
        if id_ is None:
            return None
        row = self.by_id("python_software_stack", id_)
        requirements_id, lock_id = row["python_requirements_id"], row["python_requirements_lock_id"]
        requirements: Json | None = None
        if requirements_id is not None:
            fields = self.by_id("python_requirements", requirements_id)
            requirements = {name: fields[name] for name in ("python_version", "index_urls", "other_fields")}
            requirements["requirements"] = canonical(self._members("python_requirement", requirements_id))
        return requirements, None if lock_id is None else canonical(self._members("locked_python_package", lock_id))

    def _members(self, name: str, owner: int) -> Iterator[Json]:
        owner_name = {"python_requirement": "python_requirements_id"}.get(name, "python_requirements_lock_id")
        for row in self._rows[name]:
            if row[owner_name] == owner:
                kept = {key: value for key, value in row.items() if not key.endswith(("_id", "_number"))}
                if "python_release_id" in row:
                    release = self.by_id("python_release", row["python_release_id"])
                    kept |= {key: release[key] for key in ("package_name", "package_version")}
                yield kept | {
                    "index_url": self.by_id("python_package_index", row["python_package_index_id"]).get("url")
                }
