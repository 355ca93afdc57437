"""Draw the pictures of the tables that these pages show, from the models: ``python3 dev.py pictures``.

A test fails when a picture here is not that of the models any more.
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from thoth.storages.graph.schema_diagram import Diagram  # noqa: E402
from thoth.storages.graph.schema_image import (  # noqa: E402
    database_topics,
    schema_diagram,
    tables_diagram,
    write_diagram,
)


def pictures() -> dict[str, Diagram]:
    """Return what each picture shows, by its path below this folder."""
    found = {
        "schema.svg": schema_diagram("main"),
        "schema.dia": schema_diagram("main", all_columns=True),
        "schema_cache.svg": schema_diagram("cache"),
    }
    return found | {f"schema/{topic}.svg": tables_diagram(topics=[topic]) for topic in database_topics()}


def main() -> None:
    """Draw all pictures, and remove those of topics that are no more."""
    (DOCS / "schema").mkdir(exist_ok=True)
    drawn = [write_diagram(diagram, DOCS / path) for path, diagram in pictures().items()]
    for path in sorted(set((DOCS / "schema").iterdir()) - set(drawn)):
        path.unlink()
        print(f"removed {path.relative_to(DOCS.parent)}")
    for path in drawn:
        print(f"{path.relative_to(DOCS.parent)}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
