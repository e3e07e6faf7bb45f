"""A real model from a baked image: warm after its proof, and right at the first answer."""

import base64
import json
import struct
import urllib.request
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import PoolHandle

EXAMPLE = Path(__file__).parents[2] / "examples" / "minilm.yaml"
SENTENCES = [
    "A man is eating a piece of bread.",
    "Someone eats food.",
    "The central bank raised interest rates again.",
]
pytestmark = pytest.mark.usefixtures("operator")


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def post(url: str, payload: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(payload).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        decoded: dict[str, Any] = json.load(answer)
        return decoded


def test_the_example_is_warm_and_right_from_the_first_answer(kubectl: Kubectl, namespace: str) -> None:
    example = yaml.safe_load(EXAMPLE.read_text())
    pool = PoolHandle(kubectl, namespace, example["metadata"]["name"])
    payload = {"model": example["spec"]["model"]["name"], "input": SENTENCES}
    with Hammer(pool.url(), payload, clients=1) as hammer:
        pool.apply(example["spec"])
        pool.wait("a first answer", lambda: hammer.statuses[200] > 0, seconds=120)
    assert hammer.strange(0, 200) == []
    assert hammer.lost() == []
    vectors = [item["embedding"] for item in json.loads(hammer.first(200).body)["data"]]
    assert [len(vector) for vector in vectors] == [384] * 3
    assert cosine(vectors[0], vectors[1]) > 0.5 > cosine(vectors[0], vectors[2])
    later = post(pool.url(), payload | {"encoding_format": "base64"})
    packed = [struct.unpack("<384f", base64.b64decode(item["embedding"])) for item in later["data"]]
    for vector, again in zip(vectors, packed, strict=True):
        assert list(again) == pytest.approx(vector, abs=1e-6)
    started = pool.wait("a measured start", lambda: pool.status().get("startup", {}).get("last"))
    assert started[0]["phasesMs"]["compile"] > 0, "laying the weights out is told apart from loading them"
