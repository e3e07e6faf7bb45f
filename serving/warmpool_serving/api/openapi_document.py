"""Prints the OpenAPI document that `fastapi_app` derives: ``python -m warmpool_serving.api.openapi_document``.

The serving process serves the copy in ``openapi.json``, so that it need not import FastAPI; a test
fails when the copy is out of date.
"""

import json
import sys

from warmpool_serving.api.fastapi_app import create_app
from warmpool_serving.config import Settings
from warmpool_serving.embedded import EmbeddedModel
from warmpool_serving.names import EngineName


def document() -> str:
    """The document as text, ending in a newline; the same for the same sources and versions."""
    app = create_app(EmbeddedModel(Settings(engine=EngineName.FAKE)).web)
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
