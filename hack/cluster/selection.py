"""Which cluster a command works on.

Invariant: a context of the user's kubeconfig is used only when it was named, by argument or by
`WARMPOOL_E2E_CONTEXT`; the current context never decides anything.
"""

import os
from collections.abc import Callable, Mapping

from hack.cluster.backend import Backend, ClusterError
from hack.cluster.embedded.backend import EmbeddedBackend
from hack.cluster.kind import KindBackend, kind_usable
from hack.cluster.named import NamedBackend
from hack.cluster.paths import Paths

CONTEXT_VARIABLE = "WARMPOOL_E2E_CONTEXT"
BACKEND_VARIABLE = "WARMPOOL_E2E_BACKEND"


def select_backend(
    *,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
    kind_is_usable: Callable[[], bool] = kind_usable,
) -> Backend:
    """Choose: a context that was named, else kind where it can work, else the embedded cluster.

    Args:
        context: Named on the command line; wins over the environment.
        environ: Defaults to the process's environment. `WARMPOOL_E2E_BACKEND` (`kind`, `embedded`) decides
            between those two.
        kind_is_usable: Whether kind can work here; asked only when it matters.

    Raises:
        ClusterError: An unknown backend was asked for, or both a context and a backend.
    """
    env = os.environ if environ is None else environ
    paths = Paths.from_environment(env)
    named = context or env.get(CONTEXT_VARIABLE, "")
    wanted = env.get(BACKEND_VARIABLE, "")
    if wanted not in {"", "kind", "embedded"}:
        raise ClusterError(f"{BACKEND_VARIABLE} is {wanted!r}; it may be kind or embedded")
    if named and wanted:
        raise ClusterError(f"both a context ({named}) and {BACKEND_VARIABLE} are given; give one")
    if named:
        return NamedBackend(named, paths, environ=env)
    if wanted == "kind" or (not wanted and kind_is_usable()):
        return KindBackend(paths, environ=env)
    return EmbeddedBackend(paths)
