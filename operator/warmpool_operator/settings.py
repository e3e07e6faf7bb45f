"""Settings of the operator: environment variables, read once at start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MIN_KEY_BYTES = 16


class SettingsError(ValueError):
    """A setting is missing or cannot be used; the message names the variable and what it should be."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process runs.

    Attributes:
        namespaces: namespaces to serve; none means all.
        tick_seconds: time between two looks at each pool.
        workers: reconciles that run at once.
        namespace_max_replicas: pods that all pools of one namespace may have together; 0 means no such ceiling.
        metrics_port: port of /metrics, /healthz and /readyz.
        warming_port: port that answers for pools without a warm pod; 0 for none.
        pod_ip: address of this process, under which an Ingress reaches that port; None where it has none.
        token_key: secret from which the pools' admin tokens are derived.
        lease_name: Lease that decides which replica acts; None where there is only one, as in development.
        pod_name: name of this process in events and in the lease.
        pod_namespace: where the lease is.
        log_level: DEBUG, INFO, WARNING or ERROR.
        log_format: json or text.
    """

    namespaces: tuple[str, ...] = ()
    tick_seconds: float = 0.5
    workers: int = 8
    namespace_max_replicas: int = 0
    metrics_port: int = 8080
    warming_port: int = 8082
    pod_ip: str | None = None
    token_key: bytes
    lease_name: str | None = None
    pod_name: str = "warmpool-operator"
    pod_namespace: str = "default"
    log_level: str = "INFO"
    log_format: Literal["json", "text"] = "json"


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in environment variables.

    Raises:
        SettingsError: a variable is missing or unusable.
    """
    get = environment.get
    return Settings(
        namespaces=tuple(name.strip() for name in get("WARMPOOL_NAMESPACES", "").split(",") if name.strip()),
        tick_seconds=_number(environment, "WARMPOOL_TICK_SECONDS", 0.5, low=0.1, high=60),
        workers=int(_number(environment, "WARMPOOL_WORKERS", 8, low=1, high=256)),
        namespace_max_replicas=int(
            _number(environment, "WARMPOOL_NAMESPACE_MAX_REPLICAS", 0, low=0, high=1_000_000)
        ),
        metrics_port=int(_number(environment, "WARMPOOL_METRICS_PORT", 8080, low=0, high=65535)),
        warming_port=int(_number(environment, "WARMPOOL_WARMING_PORT", 8082, low=0, high=65535)),
        pod_ip=get("POD_IP") or None,
        token_key=_key(get("WARMPOOL_TOKEN_KEY_FILE", "")),
        lease_name=get("WARMPOOL_LEASE_NAME") or None,
        pod_name=get("POD_NAME", "warmpool-operator"),
        pod_namespace=get("POD_NAMESPACE", "default"),
        log_level=_choice(environment, "WARMPOOL_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format="text"
        if _choice(environment, "WARMPOOL_LOG_FORMAT", "json", ("json", "text")) == "text"
        else "json",
    )


def _number(environment: Mapping[str, str], name: str, default: float, *, low: float, high: float) -> float:
    raw = environment.get(name, "")
    try:
        value = float(raw) if raw else default
    except ValueError:
        raise SettingsError(f"{name} must be a number, not {raw!r}") from None
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low:g} and {high:g}, not {value:g}")
    return value


def _choice(environment: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    raw = environment.get(name) or default
    for choice in allowed:
        if raw.lower() == choice.lower():
            return choice
    raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not {raw!r}")


def _key(path: str) -> bytes:
    if not path:
        raise SettingsError(
            f"WARMPOOL_TOKEN_KEY_FILE must name a file with at least {MIN_KEY_BYTES} secret bytes; the chart"
            " creates one"
        )
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"WARMPOOL_TOKEN_KEY_FILE {path}: {error.strerror}") from error
    if len(key) < MIN_KEY_BYTES:
        raise SettingsError(
            f"WARMPOOL_TOKEN_KEY_FILE {path} holds {len(key)} bytes, {MIN_KEY_BYTES} are needed"
        )
    return key
