"""Amounts of CPU and memory as Kubernetes writes them: ``500m``, ``2``, ``256Mi``, ``4Gi``, ``1e9``.

Form: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import math
import re

from ..exceptions import SchemaError, shown

Quantity = int | float | str | None

_FORM = re.compile(
    r"(?P<number>\+?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)(?P<suffix>[KMGTPE]i|[numkMGTPE])?", re.ASCII
)
_DIVISORS = {"n": 10**9, "u": 10**6, "m": 10**3}
_MULTIPLIERS = {
    **{suffix: 1000**power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": 1024**power for power, suffix in enumerate("KMGTPE", start=1)},
}


def cores(value: Quantity, path: str) -> float | None:
    """Return an amount of CPU in cores; None for None.

    Args:
        value: a quantity, or a number of cores.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: it is no quantity; the message holds path and value.

    """
    return _amount(value, path, 1)


def gibibytes(value: Quantity, path: str) -> float | None:
    """Return an amount of memory in GiB; None for None.

    Args:
        value: a quantity, or a number of bytes.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: it is no quantity; the message holds path and value.

    """
    return _amount(value, path, 2**30)


def _amount(value: Quantity, path: str, unit: int) -> float | None:
    if value is None:
        return None
    form = _FORM.fullmatch(str(value))
    if form is None:
        raise SchemaError(f"{path}: not a quantity: {shown(value)}")
    suffix = form["suffix"] or ""
    amount: float = float(form["number"]) * _MULTIPLIERS.get(suffix, 1) / (_DIVISORS.get(suffix, 1) * unit)
    if not math.isfinite(amount):
        raise SchemaError(f"{path}: too large a quantity: {shown(value)}")
    return amount
