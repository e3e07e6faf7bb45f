"""When a number in the cluster changed, by the clock of this machine."""

import subprocess
import threading
import time
from typing import Self


class Watcher:
    """Follows one field of one object and notes when each value was first seen.

    Args:
        kubectl: command line of kubectl, with the kubeconfig.
        kind: of the object.
        name: of the object.
        namespace: of the object.
        field: JSONPath of an integer field, such as `{.spec.replicas}`.
        absent: what it means that the field is not there; None: nothing.
    """

    def __init__(
        self,
        kubectl: list[str],
        kind: str,
        name: str,
        namespace: str,
        field: str,
        *,
        absent: int | None = None,
    ) -> None:
        self._absent = absent
        self._what = f"{kind}/{name} {field}"
        output = f"jsonpath={field}{{'\\n'}}"
        self._argv = [*kubectl, "get", kind, name, "-n", namespace, "--watch", "-o", output]
        self.seen: list[tuple[float, int]] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._thread.join(10)

    def __str__(self) -> str:
        return self._what

    @property
    def latest(self) -> int | None:
        """The value that was seen last, None before the first one."""
        return self.seen[-1][1] if self.seen else None

    def reached(self, value: int, *, since: float, seconds: float) -> float | None:
        """Wait until the field is at least `value`; return the seconds after `since`, None if it never was."""
        while time.monotonic() < since + seconds:
            for at, seen in self.seen:
                if at >= since and seen >= value:
                    return at - since
            time.sleep(0.02)
        return None

    def _follow(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as lines:
            for line in lines:
                value = int(line) if line.strip() else self._absent
                if value is not None:
                    self.seen.append((time.monotonic(), value))
