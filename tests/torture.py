"""What runs that break things at random share: a seed that is printed and can be given, and figures."""

from __future__ import annotations

import os
import random


def new_seed() -> int:
    """Return the seed of a run: TORTURE_SEED, else a new one."""
    given = os.environ.get("TORTURE_SEED")
    return int(given) if given else random.randrange(2**32)


def tell(seed: int, **figures: object) -> None:
    """Print what a run did; shown by `python3 dev.py torture`, and by pytest for a test that fails."""
    told = ", ".join(f"{name.replace('_', ' ')} {figure}" for name, figure in figures.items())
    print(f"\nTORTURE_SEED={seed}: {told}", flush=True)
