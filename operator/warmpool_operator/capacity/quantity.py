"""Kubernetes quantities of memory, in bytes and back."""

import re

from warmpool_operator.capacity.arithmetic import ceil_div

MEBI = 2**20
STEP_MEBI = 16
"""Suggestions are multiples of this: nobody sets a limit of 803Mi."""
_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e[0-9]+)?$")
_FACTORS = {"m": 0.001, "": 1}
_FACTORS |= {unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), start=1)}
_FACTORS |= {unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}


def bytes_of(quantity: str | None) -> int | None:
    """Return a quantity in whole bytes, None where there is none or it is not one."""
    found = _QUANTITY.match(quantity or "")
    if found is None:
        return None
    number, unit = float(found[1]), found[2] or ""
    return round(number * (10 ** int(unit[1:]) if unit.startswith("e") else _FACTORS[unit]))


def mebibytes(number: int) -> str:
    """Return bytes as a quantity in Mi, rounded up to a multiple of 16."""
    return f"{ceil_div(number, STEP_MEBI * MEBI) * STEP_MEBI}Mi"
