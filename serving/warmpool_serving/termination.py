"""The kubelet shows people what a container leaves in its termination log."""

from pathlib import Path

from warmpool_serving.logs import event
from warmpool_serving.names import DEFAULT_TERMINATION_LOG


def write_termination_message(reason: str, path: Path = Path(DEFAULT_TERMINATION_LOG)) -> None:
    """Leaves the reason where the kubelet looks for it; nothing happens outside a pod."""
    try:
        if path.exists():
            path.write_text(reason + "\n", encoding="utf-8")
    except OSError:
        event("the termination message cannot be written", level=10)
