"""Which images a Dockerfile starts from."""

import re
from collections.abc import Mapping, Sequence

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_COPY_FROM = re.compile(r"^(?:COPY|ADD)\s+.*--from=(\S+)", re.IGNORECASE)
_ARG = re.compile(r"^ARG\s+(\w+)(?:=(\S*))?\s*$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?(\w+)(?::-([^}]*))?\}?")


def base_images(text: str, arguments: Mapping[str, str]) -> Sequence[str]:
    """Names of the images that must exist before a build, in order of appearance, without stages.

    Args:
        text: The Dockerfile.
        arguments: Build arguments, which win over the defaults of `ARG`.
    """
    values: dict[str, str] = {}
    stages: set[str] = set()
    found: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if match := _ARG.match(stripped):
            if not stages and not found:
                name, default = match.groups()
                values[name] = arguments.get(name, (default or "").strip("\"'"))
        elif match := _FROM.match(stripped):
            image = _expand(match.group(1), values)
            if image not in stages and image != "scratch":
                found.append(image)
            stages.add(match.group(2) or "")
        elif match := _COPY_FROM.match(stripped):
            image = match.group(1)
            if image not in stages and not image.isdigit():
                found.append(image)
    return list(dict.fromkeys(found))


def _expand(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match.group(1)) or match.group(2) or "", text)
