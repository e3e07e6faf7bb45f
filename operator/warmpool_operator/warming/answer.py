"""What a client reads while a pool wakes up: JSON for programs, a page that asks again by itself for people."""

import html
import json

HTML = "text/html"
JSON = "application/json"


def prefers_html(accept: str) -> bool:
    """Whether an Accept header wants a page rather than JSON; a client that does not care is a program."""
    quality = {HTML: 0.0, JSON: 0.0}
    for part in accept.lower().split(",")[:20]:
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind in quality:
            quality[kind] = max(quality[kind], _quality(parameters))
    return quality[HTML] > quality[JSON]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def warming_body(pool: str, seconds: int, *, page: bool) -> tuple[str, str]:
    """Return the body of a 503 and its type: no pod of `pool` is warm, come back in `seconds` seconds."""
    message = f"The model of pool {pool} is being loaded. Try again in {seconds} s."
    if not page:
        # The shape of OpenAI's errors, which their clients show as they are.
        error = {"message": message, "type": "warming", "code": "model_warming", "retry_after": seconds}
        return json.dumps({"error": error}) + "\n", JSON
    text = html.escape(message)
    refresh = f'<meta charset="utf-8"><meta http-equiv="refresh" content="{seconds}">'
    words = f"<title>Warming up</title><h1>Warming up</h1><p>{text} This page does it by itself.</p>"
    return f'<!doctype html><html lang="en">{refresh}{words}</html>\n', HTML


def unknown_body() -> str:
    """Return the body of a 404: no pool has this host and path."""
    error = {"message": "No pool answers at this host and path.", "type": "not_found", "code": "unknown_pool"}
    return json.dumps({"error": error}) + "\n"
