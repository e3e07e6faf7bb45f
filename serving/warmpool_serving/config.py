"""Settings: one table, read from ``WARMPOOL_*`` variables and from flags of the same names.

A flag beats its variable, a variable beats the default. Secrets have no flag, since flags show in
``ps``. No pydantic here: it would cost more start-up time than the tokenizer.
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from warmpool_serving.names import ENV_PREFIX, EngineName, Precision


class ConfigError(ValueError):
    """A setting that cannot be used, said in one line that names the setting."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ConfigError(f"{text!r} is not a whole number") from None
        if not low <= value <= high:
            raise ConfigError(f"{value} is not between {low} and {high}")
        return value

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ConfigError(f"{text!r} is not a number") from None
        if not low <= value <= high:
            raise ConfigError(f"{value:g} is not between {low:g} and {high:g}")
        return value

    return parse


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        value = text.lower()
        if value not in allowed:
            raise ConfigError(f"{text!r} is none of {', '.join(allowed)}")
        return value

    return parse


def _flag(text: str) -> bool:
    values = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in values:
        raise ConfigError(f"{text!r} is neither true nor false")
    return values[text.lower()]


def _setting(default: Any, parse: Callable[[str], Any], about: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"parse": parse, "about": about, "secret": secret})


_PORT = _whole(0, 65535)
_SECONDS = _number(0, 86_400)


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process serves one model. Every field is ``WARMPOOL_<NAME>`` and ``--<name>``."""

    model_name: str = _setting("", str, "name that clients see; empty: the name in the bundle")
    model_path: str = _setting("", str, "folder of the model bundle")
    engine: str = _setting("auto", _choice(*EngineName), "what computes: auto looks at the folder")
    host: str = _setting("0.0.0.0", str, "address both ports listen on")  # noqa: S104 - a container's only interface
    port: int = _setting(8080, _PORT, "client port; 0 picks a free one")
    admin_port: int = _setting(8081, _PORT, "probes, load, metrics; 0 picks a free one")
    container_concurrency: int = _setting(8, _whole(1, 4096), "requests computed at once")
    latency_target_ms: int = _setting(
        1000, _whole(1, 3_600_000), "longest wait an accepted request should have"
    )
    max_queue: int | None = _setting(
        None, _whole(0, 1_000_000), "hard cap on queued requests; the token bound still holds"
    )
    max_batch_tokens: int = _setting(
        0,
        _whole(0, 1_000_000),
        "tokens of one batch, padding included; 0: 512 on a CPU, on a device what is found by trying",
    )
    max_batch_items: int = _setting(0, _whole(0, 4096), "texts of one batch; 0: 32 on a CPU, 256 on a device")
    precision: str = _setting(
        "auto",
        _choice(*Precision),
        "sentence-transformers engine: numbers it computes with; auto: as published",
    )
    max_inputs: int = _setting(2048, _whole(1, 100_000), "texts of one request")
    max_request_tokens: int = _setting(65_536, _whole(1, 100_000_000), "tokens of one request")
    max_body_bytes: int = _setting(2 << 20, _whole(1024, 1 << 30), "largest request body")
    threads: int = _setting(0, _whole(0, 1024), "cores to use; 0 reads the cgroup limit")
    warmup_requests: int = _setting(2, _whole(0, 1000), "forward passes before the proof")
    verify: str = _setting(
        "full", _choice("full", "size"), "what is checked of the bundle's files: sha256, or sizes only"
    )
    admin_token: str = _setting(
        "", str, "bearer token of retire and un-retire; unset refuses both", secret=True
    )
    api_key: str = _setting("", str, "bearer token that clients must send; unset lets all in", secret=True)
    drain_propagation_seconds: float = _setting(5.0, _SECONDS, "how long to keep accepting after SIGTERM")
    drain_timeout_seconds: float = _setting(20.0, _SECONDS, "how long accepted requests may take after that")
    log_level: str = _setting(
        "info", _choice("debug", "info", "warning", "error"), "least level that is logged"
    )
    log_format: str = _setting(
        "json", _choice("json", "text"), "one JSON object or one line of text per record"
    )
    fake_load_seconds: float = _setting(0.0, _SECONDS, "fake engine: how long loading takes")
    fake_weights_mib: int = _setting(0, _whole(0, 1 << 20), "fake engine: memory in MiB that loading takes")
    fake_service_ms: float = _setting(1.0, _number(0, 3_600_000), "fake engine: time of one text")
    fake_ms_per_token: float = _setting(0.0, _number(0, 60_000), "fake engine: more time per token")
    fake_busy_ms: float = _setting(
        0.0, _number(0, 3_600_000), "fake engine: CPU time spent within the time of one text"
    )
    fake_fail: str = _setting("", str, "fake engine: loading fails with this reason")
    fake_wrong: bool = _setting(False, _flag, "fake engine: gives vectors that fail the proof")


_MAX_ENV_HINTS: Final = 5


def env_name(name: str) -> str:
    """Environment variable of the setting ``name``."""
    return ENV_PREFIX + name.upper()


def flag_name(name: str) -> str:
    """Command-line flag of the setting ``name``."""
    return "--" + name.replace("_", "-")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds one flag per setting that is not a secret."""
    for item in fields(Settings):
        about = f"{item.metadata['about']} [{env_name(item.name)}]"
        if not item.metadata["secret"]:
            shown = "" if item.default in ("", None) else f" (default {item.default})"
            parser.add_argument(
                flag_name(item.name), dest=item.name, default=None, metavar="VALUE", help=about + shown
            )


def read_settings(
    env: Mapping[str, str] = os.environ, flags: Mapping[str, str | None] | None = None
) -> Settings:
    """Reads every setting.

    Raises:
        ConfigError: the first value that cannot be used; the message names flag or variable.
    """
    values: dict[str, Any] = {}
    for item in fields(Settings):
        source, text = _raw(item.name, env, flags or {})
        if text is None:
            continue
        try:
            values[item.name] = item.metadata["parse"](text)
        except ConfigError as error:
            shown = "the value" if item.metadata["secret"] else str(error)
            raise ConfigError(f"{source}: {shown}") from None
    return Settings(**values)


def _raw(name: str, env: Mapping[str, str], flags: Mapping[str, str | None]) -> tuple[str, str | None]:
    given = flags.get(name)
    if given is not None:
        return flag_name(name), given
    text = env.get(env_name(name), "").strip()
    # Kubernetes gives every pod next to a Service called "warmpool" WARMPOOL_PORT=tcp://10.0.0.1:80.
    if not text or (name == "port" and text.startswith("tcp://")):
        return env_name(name), None
    return env_name(name), text


def unknown_variables(env: Mapping[str, str] = os.environ) -> Sequence[str]:
    """``WARMPOOL_*`` variables that name no setting: most likely a typing error. At most five."""
    known = {env_name(item.name) for item in fields(Settings)}
    service = f"{ENV_PREFIX}SERVICE_", f"{ENV_PREFIX}PORT_"
    found = sorted(name for name in env if name.startswith(ENV_PREFIX) and name not in known)
    return [name for name in found if not name.startswith(service)][:_MAX_ENV_HINTS]


def setting_rows() -> Sequence[tuple[str, str, str]]:
    """Rows (variable, default, meaning) of the settings table, for the documentation."""
    return [
        (env_name(item.name), "" if item.default in ("", None) else str(item.default), item.metadata["about"])
        for item in fields(Settings)
    ]
