"""The command line: `warmpool-operator run | crd | version`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from warmpool_operator import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0 done, 1 failed, 2 unusable settings or arguments."""
    parser = argparse.ArgumentParser(prog="warmpool-operator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="serve pools until SIGTERM; settings are WARMPOOL_* variables")
    commands.add_parser("crd", help="print the CustomResourceDefinition")
    commands.add_parser("version", help="print the version")
    arguments = parser.parse_args(argv)
    return {"run": _run, "crd": _crd, "version": _version}[arguments.command]()


def _run() -> int:
    # Imported late: kopf and the Kubernetes client cost a second that `version` and `crd` need not pay.
    from warmpool_operator.app import App
    from warmpool_operator.runtime.errors import KubeError
    from warmpool_operator.settings import SettingsError, from_environment
    from warmpool_operator.telemetry.logs import setup_logs

    try:
        settings = from_environment()
    except SettingsError as error:
        sys.stderr.write(f"warmpool-operator: {error}\n")
        return 2
    setup_logs(style=settings.log_format, level=settings.log_level)

    async def serve() -> int:
        return await App(settings).run()

    try:
        return asyncio.run(serve())
    except (KubeError, OSError) as error:
        sys.stderr.write(f"warmpool-operator: {error}\n")
        return 1


def _crd() -> int:
    from warmpool_operator.api.crd import render

    sys.stdout.write(render())
    return 0


def _version() -> int:
    sys.stdout.write(f"{__version__}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
