"""Which kind a document is of, as the document itself tells, or its identifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import SchemaError, shown

SOLVER = "solver"
ADVISER = "adviser"
ANALYSIS = "analysis"
PACKAGE_ANALYSIS = "package_analysis"
PROVENANCE_CHECKER = "provenance_checker"
DEPENDENCY_MONKEY = "dependency_monkey"
INSPECTION = "inspection"

KIND_NAMES = (
    SOLVER,
    ADVISER,
    ANALYSIS,
    PACKAGE_ANALYSIS,
    PROVENANCE_CHECKER,
    DEPENDENCY_MONKEY,
    INSPECTION,
)

_BY_PREFIX = {
    "solver-": SOLVER,
    "adviser-": ADVISER,
    "package-extract-": ANALYSIS,
    "package-analyzer-": PACKAGE_ANALYSIS,
    "provenance-checker-": PROVENANCE_CHECKER,
    "dependency-monkey-": DEPENDENCY_MONKEY,
    "inspection-": INSPECTION,
    "inspect-": INSPECTION,  # 2018
}
_BY_ANALYZER = {
    "thoth-solver": SOLVER,
    "thoth-package-extract": ANALYSIS,
    "thoth-package-analyzer": PACKAGE_ANALYSIS,
}
# The adviser, the provenance checker and Dependency Monkey are commands of one tool.
_BY_COMMAND = {
    "advise": ADVISER,
    "provenance": PROVENANCE_CHECKER,
    "dependency-monkey": DEPENDENCY_MONKEY,
}


def kind_of_document(document: Mapping[str, Any]) -> str:
    """Return the name of the kind of a document: the tool that wrote it tells, else its identifier.

    Raises:
        SchemaError: the kind cannot be told.

    """
    if isinstance(document.get("specification"), Mapping):  # the only kind without metadata
        return INSPECTION
    metadata = document.get("metadata")
    fields = metadata if isinstance(metadata, Mapping) else {}
    analyzer = fields.get("analyzer")
    kind = _BY_ANALYZER.get(analyzer.replace("_", "-")) if isinstance(analyzer, str) else None
    if kind is not None:
        return kind
    arguments = fields.get("arguments")
    if isinstance(arguments, Mapping):
        for command, kind_of_command in _BY_COMMAND.items():
            if command in arguments:
                return kind_of_command
    for name in ("document_id", "hostname"):
        identifier = fields.get(name)
        kind = _kind_by_prefix(identifier) if isinstance(identifier, str) else None
        if kind is not None:
            return kind
    raise SchemaError(f"$.metadata.analyzer: documents of {shown(analyzer)} are not known")


def kind_of_id(document_id: str) -> str:
    """Return the name of the kind of the document with an identifier.

    Raises:
        SchemaError: the identifier does not tell it.

    """
    kind = _kind_by_prefix(document_id)
    if kind is None:
        raise SchemaError(
            f"{shown(document_id)}: the kind cannot be told, it begins with none of {', '.join(_BY_PREFIX)}"
        )
    return kind


def _kind_by_prefix(document_id: str) -> str | None:
    return next((kind for prefix, kind in _BY_PREFIX.items() if document_id.startswith(prefix)), None)
