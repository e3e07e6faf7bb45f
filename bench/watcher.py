"""When a number in the cluster changed, by the clock of this machine."""

import time

from bench.following import Following


class Watcher(Following):
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
        super().__init__([*kubectl, "get", kind, name, "-n", namespace, "--watch", "-o", output])
        self.seen: list[tuple[float, int]] = []

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

    def take_line(self, line: str) -> None:
        """Note a value and when it came."""
        value = int(line) if line.strip() else self._absent
        if value is not None:
            self.seen.append((time.monotonic(), value))
