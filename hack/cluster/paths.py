"""Where things lie: a cache that is always safe to delete, and a state folder that `down` removes.

`WARMPOOL_CACHE` and `WARMPOOL_STATE` move them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The two folders that everything here is written to.

    Attributes:
        cache: Built binaries and images; costs only time when lost.
        state: Kubeconfigs, certificates, logs and data of running clusters.
    """

    cache: Path
    state: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Paths":
        """Read the folders from the environment, or take the defaults below the home folder."""
        env = os.environ if environ is None else environ
        home = Path.home()
        cache = Path(env.get("WARMPOOL_CACHE") or home / ".cache" / "warmpool")
        state = Path(env.get("WARMPOOL_STATE") or home / ".local" / "state" / "warmpool")
        return cls(cache=cache.absolute(), state=state.absolute())

    @property
    def cluster(self) -> Path:
        """State of the embedded cluster."""
        return self.state / "cluster"

    @property
    def lock(self) -> Path:
        """Held while a cluster is brought up or taken down; outside the state, which comes and goes."""
        return self.cache / "cluster.lock"
