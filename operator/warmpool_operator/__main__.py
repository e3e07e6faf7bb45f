"""`python -m warmpool_operator`: the same as `warmpool-operator`."""

import sys

from warmpool_operator.cli import main

sys.exit(main())
