"""As whom the server runs: PostgreSQL refuses uid 0, and an account that has no name.

No account is made, and no permission of a directory above the server's own is changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exceptions import EmbeddedServerError

_PASSED_ON = ("PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Account:
    """How the server's programs are run.

    Attributes:
        prefix: program and arguments to put before the command.
        uid: account to change to; None is the caller's own.
        gid: its group.

    """

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def is_callers(self) -> bool:
        """Whether the programs run as the caller, with the caller's permissions."""
        return self.uid is None and not self.prefix

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of `subprocess.Popen` that change to the account."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(self, command: Sequence[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``command`` as the account and return its result, output and errors as text in ``stdout``."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=clean_environment() | environment,
            text=True,
            errors="replace",
            check=False,
            **self.options(),
        )

    def reaches(self, directory: Path) -> bool:
        """Whether the account can go into ``directory``: asked of the system, as only the system knows."""
        return self.run(["sh", "-c", 'cd -- "$1"', "sh", directory]).returncode == 0

    def can_run(self, *programs: Path) -> bool:
        """Whether the account can run all ``programs``, with their libraries."""
        try:
            return all(self.run([program, "--version"]).returncode == 0 for program in programs)
        except PermissionError:
            return False


def clean_environment() -> dict[str, str]:
    """Return the environment of the server's programs: nobody's PGDATA or PGPORT, no secrets, English messages."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"LC_ALL": "C"}


def choose_account(cluster: Path | None = None) -> Account:
    """Return as whom to run a server.

    An ordinary user: as that user. Root: in a user namespace, where it looks like an ordinary account and its files
    stay root's; where namespaces are refused, as ``nobody``. An existing data directory stays its owner's.

    Args:
        cluster: PostgreSQL's data directory; it need not exist.

    Raises:
        EmbeddedServerError: no account can be used.

    """
    if os.geteuid() != 0:
        return Account() if _name_of(os.geteuid()) else _in_namespace_or_fail()
    if cluster is not None and cluster.exists():
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(uid=owner.st_uid, gid=owner.st_gid)
    namespace = _namespace()
    if namespace is not None:
        return namespace
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, user namespaces are refused, and there is no account 'nobody': "
            "start it as another user"
        ) from None
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _name_of(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _in_namespace_or_fail() -> Account:
    # Containers are started with a uid that has no account; initdb asks for its name.
    namespace = _namespace()
    if namespace is None:
        raise EmbeddedServerError(
            f"uid {os.geteuid()} has no account, which PostgreSQL needs, and user namespaces are refused"
        )
    return namespace


def _namespace() -> Account | None:
    unshare = shutil.which("unshare")
    # The uid to look like needs a name too, and not every system has a 1000.
    accounts = sorted((entry for entry in pwd.getpwall() if entry.pw_uid != 0), key=lambda entry: entry.pw_uid != 1000)
    if unshare is None or not accounts:
        return None
    looks_like = accounts[0]
    account = Account((unshare, "--user", f"--map-user={looks_like.pw_uid}", f"--map-group={looks_like.pw_gid}"))
    try:
        return account if account.run(["true"]).returncode == 0 else None
    except OSError:
        return None
