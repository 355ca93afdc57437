"""Removal of what a solver document said; what older documents said of the same holds again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from ...exceptions import NotFoundError
from ..models import SolverRun
from .removal import remove_unused
from .writers import documents_present, exclude_writers

# What the runs refer to, and may be the last to do so.
_REFERRED = text(
    """
    SELECT
        ARRAY(SELECT DISTINCT python_package_version_id FROM solved WHERE solver_run_id = ANY(:runs)),
        ARRAY(SELECT DISTINCT python_package_metadata_id FROM solved
              WHERE solver_run_id = ANY(:runs) AND python_package_metadata_id IS NOT NULL),
        ARRAY(SELECT DISTINCT python_package_license_id FROM solved
              WHERE solver_run_id = ANY(:runs) AND python_package_license_id IS NOT NULL),
        ARRAY(SELECT DISTINCT version_set_id FROM solved JOIN depends_on
              USING (python_package_version_id, solver_run_id) WHERE solver_run_id = ANY(:runs)),
        ARRAY(SELECT DISTINCT python_artifact_id FROM solved JOIN has_artifact
              USING (python_package_version_id, solver_run_id) WHERE solver_run_id = ANY(:runs)),
        ARRAY(SELECT DISTINCT ecosystem_solver_id FROM solver_run WHERE id = ANY(:runs))
    """
)
_RUN_IDS = text("SELECT id FROM solver_run WHERE document_id = ANY(:document_ids)")
_REMOVE_FACTS = text("DELETE FROM solved WHERE solver_run_id = ANY(:runs)")  # requirements and artifacts follow
_REMOVE_RUNS = text("DELETE FROM solver_run WHERE id = ANY(:runs)")
_REMOVE_VERSIONS = text(
    """
    DELETE FROM python_package_version AS stored
    WHERE id = ANY(:versions) AND NOT EXISTS (SELECT FROM solved WHERE python_package_version_id = stored.id)
    RETURNING python_release_id
    """
)
_POINT_TO_LATEST_OF_THE_REST = text(
    """
    UPDATE python_package_version AS stored SET solver_run_id = (
        SELECT solved.solver_run_id FROM solved JOIN solver_run ON solver_run.id = solved.solver_run_id
        WHERE solved.python_package_version_id = stored.id
        ORDER BY solver_run.datetime DESC, solver_run.document_id DESC LIMIT 1
    )
    WHERE id = ANY(:versions) AND solver_run_id = ANY(:runs)
    """
)


def delete_solver_result(session: Session, document_id: str) -> int:
    """Remove what only one solver document said; what older documents said of the same holds again.

    Args:
        session: an open session whose transaction has not written yet.
        document_id: identifier of the document.

    Returns:
        The number of package versions of which the document spoke.

    Raises:
        NotFoundError: no such document is in the graph.

    """
    exclude_writers(session)
    present = documents_present(session, SolverRun, [document_id])
    if not present:
        raise NotFoundError(f"no solver document {document_id!r} in the graph")
    return remove_solver_runs(session, present)


def remove_solver_runs(session: Session, document_ids: Sequence[str]) -> int:
    """Remove what solver documents said; the caller holds the lock of `exclude_writers`.

    Returns:
        The number of package versions of which they spoke.

    """
    runs = list(session.scalars(_RUN_IDS, {"document_ids": list(document_ids)}))
    versions, metadata, licenses, sets, artifacts, solvers = session.execute(_REFERRED, {"runs": runs}).one()
    session.execute(_REMOVE_FACTS, {"runs": runs})
    releases = list(session.scalars(_REMOVE_VERSIONS, {"versions": versions}))
    session.execute(_POINT_TO_LATEST_OF_THE_REST, {"versions": versions, "runs": runs})
    session.execute(_REMOVE_RUNS, {"runs": runs})
    remove_unused(
        session,
        {
            "python_release": releases,
            "python_package_metadata": metadata,
            "python_package_license": licenses,
            "version_set": sets,
            "python_artifact": artifacts,
            "ecosystem_solver": solvers,
        },
    )
    return len(versions)
