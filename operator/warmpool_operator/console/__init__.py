"""`warmpool`, the command line for people who run pools; installed as `kubectl-warmpool` too.

One file per command. Commands only read, so they need no more rights than `kubectl get`. Results go to standard
output, everything else to standard error. Exit codes are those of `exits.Exit`.
"""

import sys

NEEDS = "error: warmpool needs the packages of its command line: pip install 'warmpool[cli]'"


def main() -> None:
    """Run one command and end the process with its exit code."""
    try:
        from warmpool_operator.console import app  # noqa: PLC0415 - what is missing should be said in words
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.exit(NEEDS)
    app.main()
