"""Text to token ids with the model's own tokenizer, off the event loop when it takes long.

Counts are real tokens after truncation, special tokens included: what the model computes and what
`usage` reports.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from warmpool_serving.engines.base import Encoded
from warmpool_serving.models.bundle import ModelError

INLINE_CHARACTERS: Final = 2000
"""Up to here tokenising costs less (about 0.3 ms) than a trip to another thread and back."""


class TextTokenizer:
    """A ``tokenizer.json`` with truncation on and padding off."""

    def __init__(self, path: Path, max_tokens: int) -> None:
        """Reads the file.

        Raises:
            ModelError: the file is missing or is no tokenizer.
        """
        from tokenizers import Tokenizer  # noqa: PLC0415 - heavy, and only this engine needs it

        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:
            raise ModelError(f"{path.name} is not usable: {error}") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_tokens)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Tokenises; the lock of the interpreter is released meanwhile."""
        if len(texts) == 1:
            found = [self._tokenizer.encode(texts[0])]
        else:
            found = self._tokenizer.encode_batch_fast(list(texts))
        return [Encoded(item.ids, bool(item.overflowing)) for item in found]


def runs_inline(texts: Sequence[str]) -> bool:
    """Whether these texts are short enough to tokenise on the event loop."""
    return sum(map(len, texts)) <= INLINE_CHARACTERS
