"""Fixtures of the tests of the embedded server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from thoth.storages.embedded import (
    EmbeddedServer,
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every account can go through; servers in it are stopped at the end."""
    directory = Path(tempfile.mkdtemp(prefix="embedded-test-"))
    directory.chmod(0o755)
    yield directory
    for lock in directory.rglob("lock"):
        EmbeddedServer(lock.parent).stop()
    shutil.rmtree(directory)


@pytest.fixture
def no_namespaces(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that refuses user namespaces."""
    unshare = place / "refuse" / "unshare"
    unshare.parent.mkdir()
    unshare.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", str(unshare.parent), prepend=os.pathsep)
