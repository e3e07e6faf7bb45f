"""Request bodies: English words in an order of their own, so that no two texts are alike and no cache helps."""

import json
import random
from collections.abc import Callable

from bench.load.schedule import Send

Body = Callable[[int, Send], bytes]
"""From the number of a request and the request to its JSON body."""

_LIST = """
the a of to and in that is was for on with as by at from this which or have an they were been their has would
what will there if can all her who one about up time than into could state only new year some take come these
know see use get like then first any work now may such give over think most even find day also after way many
must look before great back through long where much should well people down own just because good each those
feel seem how high too place little world very still nation hand old life tell write become here show house
both between need mean call develop under last right move thing general school never same another begin while
number part turn real leave might want point form off child few small since against ask late home interest
large person end open public follow during present without again hold around head word program problem lead
system set order eye plan run keep face fact group play stand early course change help line river mountain
city garden music paper light water stone wind summer winter market bread horse bird tree road window door
letter story
"""
WORDS = tuple(_LIST.split())
"""Words that a WordPiece vocabulary holds whole, so that words and tokens are nearly the same number."""


def text(tokens: int, *, seed: int) -> str:
    """Return about `tokens` tokens of text, the same for the same seed."""
    return " ".join(random.Random(seed).choices(WORDS, k=max(1, tokens)))


def embeddings(model: str, *, seed: int = 0) -> Body:
    """Return bodies in the shape of OpenAI's `POST /v1/embeddings`, one text each."""

    def body(number: int, send: Send) -> bytes:
        # A large odd stride keeps the texts of neighbouring seeds apart.
        content = text(send.tokens, seed=seed * 1_000_003 + number)
        return json.dumps({"model": model, "input": content}).encode()

    return body
