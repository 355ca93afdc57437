"""What can be put in the place of what: devices, pipes and folders are not files."""

from __future__ import annotations

import stat
from pathlib import Path


def is_replaceable(path: str | Path) -> bool:
    """Tell whether a file may take a name: nothing has it, or a file. A device would be gone for everybody.

    A link counts as what it leads to. An error of the system, such as a name that is too long, is left to whoever
    writes the file.
    """
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return True
