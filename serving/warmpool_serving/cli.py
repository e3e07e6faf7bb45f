"""``warmpool-serve``: serves a model, fetches one, exports one, or warms a server of another make.

Only the standard library is imported here; ``fetch`` and ``export`` bring in their own.
"""

import argparse
import sys
from collections.abc import Sequence

from warmpool_serving import __version__, signals
from warmpool_serving.config import ConfigError, add_flags, read_settings, unknown_variables
from warmpool_serving.names import Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["export"]:
        from warmpool_serving.models.export import main as export  # noqa: PLC0415 - not needed to serve

        return export(arguments[1:])
    if arguments[:1] == ["fetch"]:
        from warmpool_serving.models.fetch import main as fetch  # noqa: PLC0415

        return fetch(arguments[1:])
    if arguments[:1] == ["warm"]:
        from warmpool_serving.warmer.command import main as warm  # noqa: PLC0415

        return warm(arguments[1:])
    return _serve(arguments)


def _serve(arguments: list[str]) -> int:
    # First of all: the kernel drops a signal that PID 1 neither handles nor blocks.
    signals.block()
    flags = _parser().parse_args(arguments) if arguments else None
    try:
        settings = read_settings(flags=vars(flags) if flags else None)
    except ConfigError as error:
        print(f"warmpool-serve: {error}", file=sys.stderr)
        return Exit.USAGE
    for name in unknown_variables():
        print(f"warmpool-serve: {name} is not a setting; see warmpool-serve --help", file=sys.stderr)
    from warmpool_serving.app import App  # noqa: PLC0415 - after the settings are known to be right

    return App(settings).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="warmpool-serve",
        description="Serves one embedding model. `export` makes a bundle to serve, `fetch` brings one here,"
        " `warm` warms a server of another make.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"warmpool-serve {__version__}")
    add_flags(parser)
    return parser
