"""Reports of Dependency Monkey on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class DependencyMonkeyReportsStore(ResultStorageBase):
    """Runs that try software stacks of a project."""

    RESULT_TYPE = "dependency-monkey-reports"
