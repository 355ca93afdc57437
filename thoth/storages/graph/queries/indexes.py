"""Python package indexes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, or_, select

from ...exceptions import PythonIndexNotRegistered
from ...normalize import normalize_python_index_url
from ..models import PythonPackageIndex
from ..sessions import ReadSession

_ENABLED = bindparam("enabled", type_=PythonPackageIndex.enabled.type)
_IS_WANTED = or_(_ENABLED.is_(None), PythonPackageIndex.enabled == _ENABLED)
_LISTING = (
    select(PythonPackageIndex.url, PythonPackageIndex.warehouse_api_url, PythonPackageIndex.verify_ssl)
    .where(_IS_WANTED)
    .order_by(PythonPackageIndex.url)
)
_URLS = select(PythonPackageIndex.url).where(_IS_WANTED)
_STATE = select(PythonPackageIndex.enabled).where(PythonPackageIndex.url == bindparam("url"))


def python_package_index_listing(session: ReadSession, enabled: bool | None = None) -> list[dict[str, Any]]:
    """Return the registered indexes.

    Args:
        session: an open session.
        enabled: only those that are enabled, or disabled; None for all.

    Returns:
        Dictionaries with the keys ``url``, ``warehouse_api_url`` and ``verify_ssl``, in the order of the URLs.

    """
    return [dict(row) for row in session.execute(_LISTING, {"enabled": enabled}).mappings()]


def get_python_package_index_urls(session: ReadSession, enabled: bool | None = None) -> set[str]:
    """Return the URLs of the registered indexes: those that are enabled, or disabled, or (None) all."""
    return set(session.scalars(_URLS, {"enabled": enabled}))


def is_python_package_index_enabled(session: ReadSession, url: str) -> bool:
    """Tell whether an index is enabled.

    Raises:
        PythonIndexNotRegistered: no index is registered under that URL.

    """
    enabled = session.scalar(_STATE, {"url": normalize_python_index_url(url)})
    if enabled is None:
        raise index_not_registered(url)
    return bool(enabled)


def index_not_registered(url: str) -> PythonIndexNotRegistered:
    """Return the error that says that no index is registered under a URL."""
    return PythonIndexNotRegistered(f"no Python package index is registered as {url!r}")
