"""The seam between intent and a controller: one implementation per dialect, one file each.

A dialect never leaves anything out in silence: what it cannot say is named in `missing`, and what it can say but
cannot know to be in force in `unverified`. Both end in the condition IngressLimited.
"""

from dataclasses import dataclass, field
from typing import Protocol

from warmpool_operator.admission.intent import Intent


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What a dialect makes of an intent.

    Attributes:
        annotations: of the Ingress; every value is a string.
        missing: sentences on what the controller will not do.
        unverified: sentences on what it does only under settings that the operator cannot see.
    """

    annotations: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


class Dialect(Protocol):
    """One controller's way to be told."""

    @property
    def counts_per(self) -> str:
        """What a limit is counted by where the scope is Client, in words that end `requests at once per ...`."""
        ...

    def express(self, intent: Intent) -> Expression:
        """Return the annotations for an intent, and what they leave out."""
        ...
