"""Whether a live object still is what was asked for."""

from typing import Any


def drifted(wanted: Any, live: Any, path: str = "") -> list[str]:
    """Return the paths at which `live` differs from `wanted`; what only `live` has is not our business.

    Defaults that the API server adds are therefore ignored, and so are the empty maps, lists and texts that it
    leaves out. Numbers and strings are compared by their text, because quantities and ports come back in either
    form. A difference in notation only (`1000m`, `1`) costs a no-op apply and nothing else.
    """
    if isinstance(wanted, dict):
        live = {} if live is None else live
        if not isinstance(live, dict):
            return [path or "."]
        return [
            found for key, value in wanted.items() for found in drifted(value, live.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list):
        live = [] if live is None else live
        if not isinstance(live, list) or len(live) != len(wanted):
            return [path or "."]
        pairs = enumerate(zip(wanted, live, strict=True))
        return [found for index, (a, b) in pairs for found in drifted(a, b, f"{path}[{index}]")]
    if wanted is None:
        return []
    return [] if str(wanted) == ("" if live is None else str(live)) else [path or "."]
