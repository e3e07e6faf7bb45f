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
    """

    def __init__(self, kubectl: list[str], kind: str, name: str, namespace: str, field: str) -> None:
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

    def reached(self, value: int, *, since: float, seconds: float) -> float | None:
        """Wait until the field is at least `value`; return the seconds after `since`, None if it never was."""
        while time.monotonic() < since + seconds:
            for at, seen in self.seen:
                if at >= since and seen >= value:
                    return at - since
            time.sleep(0.02)
        return None

    def _follow(self) -> None:
        for line in self._process.stdout or ():
            if line.strip():
                self.seen.append((time.monotonic(), int(line)))
