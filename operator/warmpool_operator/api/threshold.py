"""`spec.scaling.thresholds[]`: more capacity while a signal is high."""

from typing import Literal

from pydantic import ConfigDict, Field

from warmpool_operator.api.base import ApiModel, cel, cel_rules
from warmpool_operator.api.schedule import RuleName

MAX_SIGNAL = 10_000_000


class Threshold(ApiModel):
    """Capacity ahead of demand while a signal is high.

    Holds once the signal has been above `enter` for forSeconds, and until it has been at or below `exit` for
    holdSeconds. While pods do not tell their load, what they hide is reckoned with: a threshold neither enters nor
    leaves on a value that is not known.
    """

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel("self.exit < self.enter", "the threshold's exit must be below its enter", field_path=".exit"),
            cel(
                "has(self.minReplicas) != has(self.factorPercent)",
                "a threshold needs exactly one of minReplicas and factorPercent",
            ),
            cel(
                "self.signal != 'utilization' || self.enter < 100",
                "utilization is never above 100 percent: enter must be below 100",
                field_path=".enter",
            ),
        )
    )

    name: RuleName
    """Name that decisions and messages call it by."""
    signal: Literal["utilization", "inFlight", "queue", "requestsPerMinute"]
    """What is watched: percent of the warm pods' containerConcurrency in use, requests being computed, requests
    waiting in pods, or requests that reached pods in the last minute, refused ones included."""
    enter: int = Field(ge=1, le=MAX_SIGNAL)
    """The signal must be above this."""
    exit: int = Field(ge=0, le=MAX_SIGNAL)
    """The signal must be at or below this."""
    for_seconds: int = Field(default=30, ge=0, le=3600)
    """Seconds above `enter` before the threshold holds."""
    hold_seconds: int = Field(default=300, ge=0, le=86_400)
    """Seconds at or below `exit` before it no longer does."""
    min_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Warm floor while it holds."""
    factor_percent: int | None = Field(default=None, ge=101, le=1000)
    """Capacity in percent of what demand needs while it holds: 130 keeps 30 % above demand."""
