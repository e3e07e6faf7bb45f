"""Writing results: JSON and YAML for programs, tables for people."""

import json
import sys
from typing import Any

import yaml
from rich.console import Console
from rich.syntax import Syntax

from warmpool_operator.console.options import Output


def write_data(data: Any, output: Output) -> None:
    """Write one document to standard output."""
    write_documents([data], output)


def write_documents(documents: list[Any], output: Output) -> None:
    """Write documents to standard output: YAML with `---` between them; JSON takes the only one."""
    if output is Output.JSON:
        text = "".join(json.dumps(document, indent=2) + "\n" for document in documents)
        return _emit(text, "json")
    return _emit("---\n".join(yaml.safe_dump(each, sort_keys=False, width=110) for each in documents), "yaml")


def _emit(text: str, language: str) -> None:
    if sys.stdout.isatty():
        Console().print(Syntax(text, language, background_color="default", word_wrap=True))
    else:
        sys.stdout.write(text)
