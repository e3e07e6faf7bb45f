"""The warmpool controller: reconciles `WarmModelPool` objects into warm pods.

Rooms, from the outside in: `handlers` and `app` (kopf glue, composition) use `reconcile`, which uses
`observe`, which uses the pure rooms `desired`, `capacity`, `admission` and `api`. `runtime` and `telemetry`
are leaves that know no pool. import-linter holds these arrows (see pyproject.toml).
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("warmpool")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0"
