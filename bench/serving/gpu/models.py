"""The two models: MiniLM with its real weights, and one as large as people put on a device, with drawn weights."""

import json
import shutil
from pathlib import Path

_COPIED = ("modules.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
_TOKENS = 512
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
"""The shape of BERT large, which bge-large, e5-large and gte-large share: 335 million weights."""


def large(folder: Path, *, like: Path) -> Path:
    """Make a model in sentence-transformers' layout, with tokenizer and modules of `like`; return its folder.

    Weights are drawn from a seed: speed and agreement of two devices do not depend on what was learned.
    """
    import torch  # noqa: PLC0415 - seconds
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    folder.mkdir(parents=True)
    for name in _COPIED:
        shutil.copy(like / name, folder / name)
    (folder / "1_Pooling").mkdir()
    pooling = json.loads((like / "1_Pooling" / "config.json").read_text())
    pooling["word_embedding_dimension"] = LARGE["hidden_size"]
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": _TOKENS}))
    torch.manual_seed(1)
    BertModel(BertConfig(**LARGE, max_position_embeddings=_TOKENS)).save_pretrained(folder)
    return folder
