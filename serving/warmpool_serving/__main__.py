"""``python -m warmpool_serving`` is ``warmpool-serve``."""

import sys

from warmpool_serving.cli import main

if __name__ == "__main__":
    sys.exit(main())
