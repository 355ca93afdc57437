"""Where an embedded server keeps its files."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..config import EMBEDDED_DATA
from ..exceptions import EmbeddedServerError
from .accounts import Account, choose_account

_SYSTEM_DATA = Path("/var/lib/thoth-storages/postgresql")


def default_data_dir() -> Path:
    """Return the durable server's directory: ``THOTH_STORAGES_EMBEDDED_DATA``, or a place in the user's data directory.

    For root, when the account that the server runs as cannot reach root's home: a place in ``/var/lib``.

    Raises:
        EmbeddedServerError: the user has no home directory and no variable names a directory.

    """
    configured = EMBEDDED_DATA.read()
    if configured is not None:
        return configured
    data_home = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data_home):  # as the specification says: a relative one is ignored
        try:
            home = Path.home()
        except RuntimeError:
            raise EmbeddedServerError(f"the user has no home directory: set {EMBEDDED_DATA.name}") from None
        data_home = str(home / ("Library/Application Support" if sys.platform == "darwin" else ".local/share"))
    place = Path(data_home, "thoth-storages", "postgresql")
    if os.geteuid() == 0 and not choose_account(place / "cluster").reaches(nearest_existing(place)):
        return _SYSTEM_DATA
    return place


def nearest_existing(path: Path) -> Path:
    """Return ``path``, or the nearest directory above it that exists."""
    path = path.absolute()
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def make_temporary(account: Account) -> Path:
    """Return a new directory, in the first usual place that ``account`` reaches.

    Raises:
        EmbeddedServerError: it reaches none.

    """
    places = [tempfile.gettempdir(), "/var/tmp", "/tmp", "/dev/shm"]
    for place in dict.fromkeys(places):
        if os.access(place, os.W_OK) and (account.is_callers or account.reaches(Path(place))):
            return Path(tempfile.mkdtemp(prefix="thoth-storages-", dir=place))
    raise EmbeddedServerError(f"the account that the server runs as reaches no temporary directory: {places}")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one server, all below ``root``."""

    root: Path

    @property
    def cluster(self) -> Path:
        """Return PostgreSQL's own data directory; ``pg_basebackup -D`` of a standby writes there."""
        return self.root / "cluster"

    @property
    def password(self) -> Path:
        """Return the file of the superuser's password, mode 0600."""
        return self.root / "password"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while the server is started or stopped."""
        return self.root / "lock"

    @property
    def owners(self) -> Path:
        """Return the file on which every owner holds a shared lock; the system drops that of a killed one."""
        return self.root / "owners"

    @property
    def keep(self) -> Path:
        """Return the file whose presence says: the server stays when its owners are gone."""
        return self.root / "keep"

    @property
    def state(self) -> Path:
        """Return the file that tells of the latest start: port, version, volatile or not."""
        return self.root / "state.json"

    @property
    def log(self) -> Path:
        """Return the log of the latest start; the one before is ``server.log.1``."""
        return self.root / "server.log"

    @property
    def binaries(self) -> Path:
        """Return where copies of the programs go when the server's account cannot read them."""
        return self.root / "binaries"
