"""Results of solvers on the object store."""

from __future__ import annotations

import re

from .result_base import ResultStorageBase

_NAME = re.compile(r"solver-.+?-py\d+-")
_SUFFIX = re.compile(r"(?:-\d{12})?-[0-9a-f]+")


class SolverResultsStore(ResultStorageBase):
    """What packages depend on, per environment."""

    RESULT_TYPE = "solver"

    @classmethod
    def get_solver_name_from_document_id(cls, document_id: str) -> str:
        """Return the name of the solver that wrote a document.

        Args:
            document_id: as ``solver-rhel-8-py38-0a2446d8`` or ``solver-rhel-8-py38-210712140154-9e9eab93c147ecab``.

        Returns:
            As ``solver-rhel-8-py38``.

        Raises:
            ValueError: the identifier is of another form.

        """
        match = _NAME.match(document_id)
        if match is None or not _SUFFIX.fullmatch(document_id, match.end() - 1):
            raise ValueError(f"{document_id!r}: not solver-<os>-<os version>-py<digits>, a time if there is one, an id")
        return match[0].removesuffix("-")

    def _name_of(self, document_id: str) -> str | None:
        match = _NAME.match(document_id)
        return match[0] if match else None
