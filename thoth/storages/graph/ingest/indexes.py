"""Registration of Python package indexes."""

from __future__ import annotations

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ...normalize import normalize_python_index_url
from ..models import PythonPackageIndex
from ..queries.indexes import index_not_registered

_SET_STATE = (
    update(PythonPackageIndex)
    .where(PythonPackageIndex.url == bindparam("index_url"))
    .values(enabled=bindparam("state"))
    .returning(PythonPackageIndex.id)
)


def register_python_package_index(
    session: Session,
    url: str,
    warehouse_api_url: str | None = None,
    verify_ssl: bool = True,
    enabled: bool = False,
) -> bool:
    """Register an index, or update it when it is registered already.

    Args:
        session: an open session.
        url: URL of its simple API (PEP 503).
        warehouse_api_url: URL of its JSON API, when it has one.
        verify_ssl: whether its certificate is verified.
        enabled: whether it may be used.

    Returns:
        Whether it is new.

    """
    values = {
        "url": normalize_python_index_url(url),
        "warehouse_api_url": warehouse_api_url,
        "verify_ssl": verify_ssl,
        "enabled": enabled,
    }
    created = session.scalar(
        insert(PythonPackageIndex).values(**values).on_conflict_do_nothing().returning(PythonPackageIndex.id)
    )
    if created is None:
        session.execute(update(PythonPackageIndex).where(PythonPackageIndex.url == values["url"]).values(**values))
    return created is not None


def set_python_package_index_state(session: Session, url: str, *, enabled: bool) -> None:
    """Enable or disable an index.

    Args:
        session: an open session.
        url: the URL under which it is registered.
        enabled: whether it may be used.

    Raises:
        PythonIndexNotRegistered: no index is registered under that URL.

    """
    parameters = {"index_url": normalize_python_index_url(url), "state": enabled}
    if session.scalar(_SET_STATE, parameters) is None:
        raise index_not_registered(url)
