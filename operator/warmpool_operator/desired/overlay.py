"""`spec.podTemplate` laid over the pod template that the operator builds."""

from typing import Any


def overlay(base: Any, over: Any) -> Any:
    """Return `base` with `over` on top.

    Maps are merged key by key, and null removes a key (RFC 7386). Lists whose items all have a name (containers,
    env, volumes) are merged by name, so that a sidecar can be added and the server's container changed without
    repeating it; volume mounts are merged by path, because one volume may be mounted at two. Other lists and
    plain values are replaced.
    """
    if isinstance(base, dict) and isinstance(over, dict):
        merged = base | {key: overlay(base.get(key), value) for key, value in over.items()}
        return {key: value for key, value in merged.items() if value is not None}
    if _named(base) and _named(over):
        return _merge_named(base, over)
    return over


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "name" in v for v in value)


def _identity(item: dict[str, Any]) -> tuple[str, Any]:
    key = "mountPath" if "mountPath" in item else "name"
    return key, item[key]


def _merge_named(base: list[dict[str, Any]], over: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changes = {_identity(item): item for item in over}
    merged = [overlay(item, changes.pop(_identity(item), {})) for item in base]
    return merged + list(changes.values())
