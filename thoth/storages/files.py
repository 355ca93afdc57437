"""What a file must not take the place of."""

from __future__ import annotations

import stat
from pathlib import Path


def is_special(path: str | Path) -> bool:
    """Tell whether a name is that of a device, a pipe or a socket: renaming a file to it would remove that for all.

    A link counts as what it leads to. What the system refuses by itself is no matter of this: folders, names that are
    too long.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
