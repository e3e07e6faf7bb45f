"""Texts, and the vectors sentence-transformers gives for them.

The golden texts prove a server before it says ready, so they are few and cheap. The reference
texts cover lengths from one token to far beyond the limit, scripts, accents, numbers, code and
things that tokenizers stumble over; the real texts are what people wrote. Both judge an export.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from warmpool_serving.models.bundle import Golden

_SENTENCES: Final = (
    "Warm.",
    "The kettle is on.",
    "A pod that answers wrong is worse than a pod that does not answer.",
    "How do I change the password of my account?",
    "I forgot my login and need a new password, please.",
    "The invoice of March was paid twice; who returns the second payment?",
    "Trains from Basel to Milan run every two hours and take the old tunnel.",
    "She planted tomatoes, beans and three rows of garlic behind the shed.",
    "The committee postponed its decision until the auditors have reported.",
    "Der Zug nach Hamburg hat heute vierzig Minuten Verspätung.",
    "Où puis-je acheter des timbres près de la gare ?",
    "El gato duerme en la silla de mi abuela.",
    "今日は雨が降っているので、家で本を読みます。",
    "Сегодня в городе очень холодно и тихо.",
    "مرحبا، كيف حالك اليوم؟",
    "naïve café, résumé, coöperation, Ångström",
    "🙂🚀 emoji only, nearly 🎉",
    "def mean(values): return sum(values) / len(values)",
    "SELECT name, total FROM orders WHERE total > 100 ORDER BY total DESC;",
    "https://example.org/a/very/long/path?with=query&and=more#fragment",
    "3.14159 26535 89793 23846 26433 83279 50288",
    "ALL CAPITALS AND    STRANGE \t WHITESPACE \n everywhere",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
)  # fmt: skip
_MOST_WORDS: Final = 390
_MOST_CHARACTERS: Final = 2600
"""Both: about 600 tokens of technical English, more than twice the usual limit."""
_GROWTH: Final = (2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24)


def golden_texts() -> list[str]:
    """Three texts of about 3, 30 and 100 tokens: 25 ms of work on one core."""
    return [_SENTENCES[0], " ".join(_SENTENCES[2:4]), " ".join(_SENTENCES[4:9])]


def reference_texts() -> list[str]:
    """Several dozen texts, from one word to about three times a limit of 256 tokens."""
    runs = [
        " ".join(_SENTENCES[(start + step) % len(_SENTENCES)] for step in range(length))
        for length in _GROWTH
        for start in (1, 7, 13)
    ]
    return [*_SENTENCES, *runs, " ".join(_SENTENCES * 3)]


def real_texts(count: int = 1000) -> list[str]:
    """Passages of Python's language reference, which every Python carries: 1 to about 600 tokens.

    Lengths are spread evenly over their logarithm; another Python has other passages.
    """
    from pydoc_data.topics import topics  # noqa: PLC0415 - half a megabyte that only an export needs

    chance = random.Random(1)  # noqa: S311 - the same passages each time
    starts = [
        (page, found.end()) for page in topics.values() for found in re.finditer(r"(?:\A|\n\s*\n)\s*", page)
    ]
    passages: dict[str, None] = {}
    while len(passages) < count:
        page, start = chance.choice(starts)
        words = round(_MOST_WORDS ** chance.random())
        found = re.compile(rf"\S+(?:\s+\S+){{0,{words - 1}}}").match(page, start)
        if found and len(found.group()) <= _MOST_CHARACTERS:
            passages[found.group()] = None
    return list(passages)


def calibration_texts() -> list[str]:
    """Texts whose activations set the scales of int8; other combinations than those that judge it."""
    return [
        " ".join(_SENTENCES[(start + 5 * step) % len(_SENTENCES)] for step in range(length))
        for length in (1, 2, 4, 7, 11)
        for start in (0, 3, 5, 9, 11, 16, 20)
    ]


def encode(folder: Path, texts: Sequence[str]) -> list[Golden]:
    """Embeds each text alone, in float32 on the CPU, with sentence-transformers."""
    import torch  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - takes seconds to import

    # OpenMP's threads wait for each other by spinning: on a busy machine two take ten times as long as one.
    torch.set_num_threads(1)
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = model.encode(list(texts), batch_size=1, convert_to_numpy=True, show_progress_bar=False)
    return [Golden(text, vector.astype("<f4").tobytes()) for text, vector in zip(texts, vectors, strict=True)]
