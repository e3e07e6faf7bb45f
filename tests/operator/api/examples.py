"""The examples that people are shown, as tests read them."""

from pathlib import Path
from typing import Any, Final

import yaml

from warmpool_operator.api import names

EXAMPLES: Final = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


def pool_in(path: Path) -> dict[str, Any]:
    """Return the pool of an example, which may carry other objects that it needs."""
    documents = yaml.safe_load_all(path.read_text())
    (pool,) = (each for each in documents if each["kind"] == names.KIND)
    return dict(pool)
