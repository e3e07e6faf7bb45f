import base64
import json
import struct
from typing import Any

import pytest

from warmpool_serving.api import codec, errors, native, openai
from warmpool_serving.api.errors import ApiError
from warmpool_serving.engines.base import Manifest
from warmpool_serving.names import Outcome, Reject
from warmpool_serving.pipeline import Embedded, EndedError, RefusedError
from warmpool_serving.vectors import cosine, floats, shortened

MANIFEST = Manifest(
    name="m", engine="fake", dims=4, max_tokens=8, pooling="mean", normalized=True, precision="fp32", files={},
    matryoshka=(2,),
)  # fmt: skip
VECTOR = struct.pack("<4f", 0.1, 0.5, -0.25, 0.75)


def _parse(**body: Any) -> openai.EmbeddingRequest:
    return openai.parse(body, MANIFEST, max_inputs=3)


def test_a_string_and_a_list_are_taken() -> None:
    assert _parse(input="a").texts == ["a"]
    assert _parse(input=["a", "b"], model="whatever", user="me").texts == ["a", "b"]
    assert _parse(input="a").base64 is False
    assert _parse(input="a", encoding_format="base64", dimensions=2).dims == 2


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({}, "input", "a string or a list"),
        ({"input": []}, "input", "not empty"),
        ({"input": ""}, "input", "empty text"),
        ({"input": ["a", ""]}, "input", "empty text"),
        ({"input": ["a", None]}, "input", "list of strings"),
        ({"input": [1, 2, 3]}, "input", "token ids"),
        ({"input": [[1, 2]]}, "input", "token ids"),
        ({"input": ["a"] * 4}, "input", "at most 3"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format", "float or base64"),
        ({"input": "a", "dimensions": 0}, "dimensions", "from 1 to 4"),
        ({"input": "a", "dimensions": 9}, "dimensions", "from 1 to 4"),
        ({"input": "a", "dimensions": True}, "dimensions", "from 1 to 4"),
        ({"input": "a", "dimensions": 3}, "dimensions", "possible: 2, 4"),
        ({"input": "a", "model": 7}, "model", "string"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(body: dict[str, Any], param: str, says: str) -> None:
    with pytest.raises(ApiError) as caught:
        _parse(**body)
    shown = caught.value.openai()["error"]
    assert isinstance(shown, dict)
    assert (caught.value.status, shown["param"], shown["type"]) == (400, param, "invalid_request_error")
    assert says in shown["message"]


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(ApiError, match="JSON object"):
        openai.parse(["a"], MANIFEST, max_inputs=3)


@pytest.mark.parametrize("dims", [None, 2])
def test_base64_and_float_are_the_same_numbers(dims: int | None) -> None:
    answers = []
    for encoding in ("float", "base64"):
        request = _parse(input="a", encoding_format=encoding, dimensions=dims)
        body = openai.render(request, Embedded([VECTOR], 5), model="m", normalized=True, full=4)
        answers.append(json.loads(codec.dumps(body)))
    plain, coded = (answer["data"][0]["embedding"] for answer in answers)
    raw = base64.b64decode(coded)
    assert struct.pack(f"<{len(plain)}f", *plain) == raw
    assert len(plain) == (dims or 4)
    assert answers[0]["usage"] == {"prompt_tokens": 5, "total_tokens": 5}


def test_shortened_vectors_have_length_one_again() -> None:
    short = floats(shortened(VECTOR, 2, normalized=True))
    assert sum(value * value for value in short) == pytest.approx(1.0)
    assert short[1] / short[0] == pytest.approx(5.0)


def test_cosine_of_nonsense_is_zero() -> None:
    assert cosine(VECTOR, VECTOR) == pytest.approx(1.0)
    assert cosine(VECTOR, VECTOR[:8]) == 0.0
    assert cosine(VECTOR, bytes(16)) == 0.0
    assert cosine(VECTOR, struct.pack("<4f", float("nan"), 1, 1, 1)) == 0.0


def test_refusals_say_when_to_come_back() -> None:
    full = errors.refused(RefusedError(Reject.OVERLOADED, 1.25))
    assert (full.status, full.headers()) == (429, {"retry-after": "2", "retry-after-ms": "1250"})
    leaving = errors.refused(RefusedError(Reject.DRAINING, 1.0))
    assert (leaving.status, leaving.headers()["retry-after"]) == (503, "1")
    assert errors.refused(RefusedError(Reject.NOT_READY, 2.0)).status == 503


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.EXPIRED, 504), (Outcome.CANCELLED, 499), (Outcome.DRAINED, 503), (Outcome.ERROR, 500)],
)
def test_each_way_to_end_has_its_code(outcome: Outcome, status: int) -> None:
    assert errors.ended(EndedError(outcome)).status == status


def test_native_requests() -> None:
    assert native.parse({"inputs": "a"}, MANIFEST, max_inputs=3).texts == ["a"]
    nulls = dict.fromkeys(("normalize", "truncate", "truncation_direction", "prompt_name", "dimensions"))
    plain = native.parse({"inputs": "a", **nulls}, MANIFEST, max_inputs=3)
    assert (plain.normalize, plain.truncate, plain.dims) == (True, True, 4)
    wrong = (
        {"truncate": 1},
        {"truncation_direction": "Left"},
        {"prompt_name": "query"},
        {"normalize": False},
    )
    for body, status in (
        ({}, 422),
        ({"inputs": ["a", 1]}, 422),
        ({"inputs": ["a"] * 4}, 413),
        *(({"inputs": "a", **more}, 422) for more in wrong),
    ):
        with pytest.raises(ApiError) as caught:
            native.parse(body, MANIFEST, max_inputs=3)
        assert caught.value.status == status
        assert set(caught.value.native()) == {"error", "error_type"}
