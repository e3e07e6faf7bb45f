"""The real model: its numbers, its batches, its clients, and what happens to damaged files."""

import random
import shutil
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest

from warmpool_serving.engines import onnx
from warmpool_serving.engines.onnx import OnnxEngine
from warmpool_serving.models import bundle
from warmpool_serving.models.bundle import Golden
from warmpool_serving.models.quality import rank_agreement
from warmpool_serving.names import Phase
from warmpool_serving.vectors import cosine

AGREES = 0.9999


@pytest.fixture(scope="session")
def reference(minilm_bundle: Path) -> list[Golden]:
    return bundle.read_golden(minilm_bundle, bundle.REFERENCE)


@pytest.fixture(scope="session")
def engine(minilm_bundle: Path) -> OnnxEngine:
    engine = OnnxEngine(minilm_bundle, bundle.read_manifest(minilm_bundle), workers=2)
    engine.import_libraries()
    engine.load()
    return engine


def test_the_reference_covers_short_long_and_truncated(engine: OnnxEngine, reference: list[Golden]) -> None:
    lengths = [len(item) for item in engine.encode([golden.text for golden in reference])]
    assert len(lengths) >= 50
    assert min(lengths) <= 5
    assert lengths.count(256) >= 3
    assert any(len(golden.text.split()) > 400 for golden in reference)
    assert len({length // 16 for length in lengths}) >= 10


def test_each_text_alone_agrees_with_sentence_transformers(
    engine: OnnxEngine, reference: list[Golden]
) -> None:
    worst = min(
        cosine(engine.compute([item])[0], golden.vector)
        for golden, item in zip(reference, engine.encode([golden.text for golden in reference]), strict=True)
    )
    assert worst >= AGREES


def test_batches_side_by_side_give_what_each_text_gives_alone(
    engine: OnnxEngine, reference: list[Golden]
) -> None:
    items = engine.encode([golden.text for golden in reference])
    with engine._company.enter(), ThreadPoolExecutor(2) as pool:
        vectors = list(pool.map(lambda item: engine.compute([item])[0], items))
    worst = min(cosine(vector, golden.vector) for vector, golden in zip(vectors, reference, strict=True))
    assert worst >= AGREES


@pytest.mark.parametrize(
    ("workers", "size", "sessions"),
    [(2, 256 << 20, 2), (8, 256 << 20, 2), (2, (256 << 20) + 1, 1), (1, 1, 1)],
)
def test_a_second_session_is_opened_where_its_copy_of_the_weights_is_small(
    minilm_bundle: Path, monkeypatch: pytest.MonkeyPatch, workers: int, size: int, sessions: int
) -> None:
    manifest = replace(bundle.read_manifest(minilm_bundle), files={"weights": bundle.FileEntry(size, "")})
    opened: list[int] = []

    def open_session(graph: Path, *, threads: int = 1, spinning: bool = False) -> object:
        assert graph == minilm_bundle / "model.onnx"
        assert spinning == (threads == sessions == 2), "others may have several runs at once"
        opened.append(threads)
        return object()

    monkeypatch.setattr(onnx, "open_session", open_session)
    OnnxEngine(minilm_bundle, manifest, workers=workers).load()
    assert sorted(opened) == sorted([workers, 1][:sessions])


def test_a_batch_gives_what_each_text_gives_alone(engine: OnnxEngine, reference: list[Golden]) -> None:
    rng = random.Random(7)
    for size in (2, 5, 16):
        chosen = rng.sample(reference, size)
        vectors = engine.compute(engine.encode([golden.text for golden in chosen]))
        assert (
            min(cosine(vector, golden.vector) for vector, golden in zip(vectors, chosen, strict=True))
            >= AGREES
        )


@pytest.mark.parametrize(("precision", "least", "ranks"), [("fp32", 0.9999, 0.999), ("int8", 0.985, 0.9)])
def test_a_bundle_states_how_it_agrees_on_a_thousand_real_texts(
    precision: str, least: float, ranks: float, request: pytest.FixtureRequest
) -> None:
    fixture = "minilm_bundle" if precision == "fp32" else "minilm_int8_bundle"
    quality = bundle.read_manifest(request.getfixturevalue(fixture)).quality
    assert quality["texts"] > 1000
    assert least <= quality["cosine_min"] <= quality["cosine_p01"] <= quality["cosine_mean"]
    assert quality["rank_agreement"] >= ranks


def test_int8_stays_within_its_stated_bound(minilm_int8_bundle: Path, reference: list[Golden]) -> None:
    manifest = bundle.read_manifest(minilm_int8_bundle)
    engine = OnnxEngine(minilm_int8_bundle, manifest, workers=1)
    engine.import_libraries()
    engine.load()
    encoded = engine.encode([golden.text for golden in reference])
    alone = [engine.compute([item])[0] for item in encoded]
    assert manifest.precision == "int8"
    assert (
        min(cosine(vector, golden.vector) for vector, golden in zip(alone, reference, strict=True)) >= 0.985
    )
    assert rank_agreement(alone, [golden.vector for golden in reference]) >= 0.9
    assert manifest.quality["cosine_min"] >= manifest.proof_cosine


def test_opening_the_graph_is_compiling_and_the_rest_is_loading(minilm_bundle: Path) -> None:
    engine = OnnxEngine(minilm_bundle, bundle.read_manifest(minilm_bundle), workers=1)
    engine.import_libraries()
    told: list[Phase] = []
    engine.load(told.append)
    assert told == [Phase.COMPILE, Phase.LOAD]


def test_a_start_tells_what_it_compiled_and_its_phases_add_up(minilm_server: Any) -> None:
    phases = minilm_server.load()["phases"]
    assert list(phases) == ["process_start", "imports", "load", "compile", "warmup"]
    assert phases["compile"] > 0.0
    total = minilm_server.metric('warmpool_cold_start_seconds{phase="total"}')
    # Each phase is rounded to a millisecond.
    assert sum(phases.values()) == pytest.approx(total, abs=0.01)


def test_vectors_have_length_one(engine: OnnxEngine) -> None:
    (vector,) = engine.compute(engine.encode(["x"]))
    assert len(vector) == 4 * engine.manifest.dims
    assert cosine(vector, vector) == pytest.approx(1.0)


def test_the_openai_client_works_unchanged(minilm_server: Any, reference: list[Golden]) -> None:
    chosen = reference[:40]
    with openai.OpenAI(base_url=minilm_server.url("/v1"), api_key="none", max_retries=0) as client:
        answer = client.embeddings.create(model="all-MiniLM-L6-v2", input=[golden.text for golden in chosen])
        plain = client.embeddings.create(
            model="all-MiniLM-L6-v2", input=chosen[0].text, encoding_format="float"
        )
        assert client.models.list().data[0].id == "all-MiniLM-L6-v2"
        with pytest.raises(openai.BadRequestError, match="dimensions"):
            client.embeddings.create(model="x", input="x", dimensions=100)
    assert [item.index for item in answer.data] == list(range(40))
    got = [_packed(item.embedding) for item in answer.data]
    assert min(cosine(vector, golden.vector) for vector, golden in zip(got, chosen, strict=True)) >= AGREES
    # Another batch gives other roundings: equal as vectors, not bit for bit.
    assert cosine(_packed(plain.data[0].embedding), got[0]) >= 0.999999
    assert plain.usage.prompt_tokens == plain.usage.total_tokens > 0


def test_base64_is_the_same_as_float(minilm_server: Any, decode: Callable[[str], list[float]]) -> None:
    plain = minilm_server.embed("The kettle is on.").json()["data"][0]["embedding"]
    coded = minilm_server.embed("The kettle is on.", encoding_format="base64").json()["data"][0]["embedding"]
    assert _packed(plain) == _packed(decode(coded))


def test_usage_is_in_tokens_of_the_model(
    minilm_server: Any, engine: OnnxEngine, reference: list[Golden]
) -> None:
    texts = [golden.text for golden in reference[-3:]]
    usage = minilm_server.embed(texts).json()["usage"]
    assert usage["prompt_tokens"] == sum(len(item) for item in engine.encode(texts))


def test_native_answers_are_the_same_vectors(minilm_server: Any) -> None:
    info = minilm_server.get("/info").json()
    assert (info["model_id"], info["max_input_length"]) == ("all-MiniLM-L6-v2", 256)
    native = minilm_server.post("/embed", json={"inputs": "The kettle is on."}).json()
    assert native[0] == pytest.approx(
        minilm_server.embed("The kettle is on.").json()["data"][0]["embedding"], abs=1e-6
    )


def test_a_request_for_more_texts_than_a_batch_holds(minilm_server: Any) -> None:
    body = minilm_server.embed([f"sentence number {number}" for number in range(150)]).json()
    assert [item["index"] for item in body["data"]] == list(range(150))
    assert minilm_server.metric("warmpool_batch_size_count") > 4


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("model.onnx.data", "model.onnx.data is corrupt"),
        ("model.onnx", "model.onnx is corrupt"),
        ("tokenizer.json", "tokenizer.json is corrupt"),
    ],
)
def test_a_flipped_byte_is_never_served(
    start: Callable[..., Any], minilm_bundle: Path, tmp_path: Path, name: str, says: str
) -> None:
    damaged = _copy(minilm_bundle, tmp_path)
    content = bytearray((damaged / name).read_bytes())
    content[len(content) // 2] ^= 0x40
    (damaged / name).write_bytes(content)
    server = start(model_path=damaged)
    assert server.end() == 3
    assert says in server.log[-1]["message"]


def test_missing_weights_are_named(start: Callable[..., Any], minilm_bundle: Path, tmp_path: Path) -> None:
    damaged = _copy(minilm_bundle, tmp_path)
    (damaged / "model.onnx.data").unlink()
    server = start(model_path=damaged)
    assert server.end() == 3
    assert "model.onnx.data is missing" in server.log[-1]["message"]


def test_a_wrong_golden_vector_is_never_ready(
    start: Callable[..., Any], minilm_bundle: Path, tmp_path: Path
) -> None:
    damaged = _copy(minilm_bundle, tmp_path)
    golden = bundle.read_golden(damaged)
    swapped = [Golden(golden[0].text, golden[1].vector), *golden[1:]]
    bundle.write_golden(damaged / bundle.GOLDEN, swapped)
    server = start(model_path=damaged, verify="size")
    assert server.end() == 3
    assert "the model answers wrong" in server.log[-1]["message"]


def _copy(source: Path, folder: Path) -> Path:
    return Path(shutil.copytree(source, folder / "bundle"))


def _packed(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)
