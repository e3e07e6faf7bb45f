"""The OpenAPI document is valid, and no request, right or wrong, gets an answer that it does not describe."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest
import schemathesis
from huggingface_hub import InferenceClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from warmpool_serving.api import openapi_document, web
from warmpool_serving.names import Header

DOCUMENT = json.loads(openapi_document.document())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
POSTS = [path for path, methods in DOCUMENT["paths"].items() if "post" in methods]

texts = st.text(max_size=60)


@pytest.fixture(scope="module")
def server(module_start: Callable[..., Any]) -> Iterator[Any]:
    return module_start(engine="fake", fake_service_ms=0).until_ready()


@SCHEMA.parametrize()
@settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_answer_is_as_described(server: Any, case: schemathesis.Case) -> None:
    # The document does not know which dimensions this model has, or how many texts are too many.
    unchecked = [positive_data_acceptance, not_a_server_error]
    answer = case.call_and_validate(base_url=server.url(), excluded_checks=unchecked)
    # A client that waits for a millisecond gets the 504 that it asked for.
    assert answer.status_code < 500 or (
        answer.status_code == 504 and Header.REQUEST_TIMEOUT_MS in case.headers
    )


@pytest.mark.parametrize("path", POSTS)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_refused_and_described(server: Any, path: str, content: bytes) -> None:
    answer = server.post(path, content=content)
    assert str(answer.status_code) in DOCUMENT["paths"][path]["post"]["responses"]
    assert answer.status_code < 500


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts.filter(bool))
def test_every_right_request_is_answered(server: Any, text: str) -> None:
    for path, body in (
        ("/v1/embeddings", {"input": text}),
        ("/embed", {"inputs": [text]}),
        ("/", {"inputs": text}),
    ):
        assert server.post(path, json=body).status_code == 200


def test_the_document_is_served_and_names_every_path(server: Any) -> None:
    assert server.get("/openapi.json").json() == DOCUMENT
    for path, methods in DOCUMENT["paths"].items():
        if "get" in methods:
            answer = server.get(path.replace("{model}", "fake"))
            assert answer.status_code == 200, path
            _matches(answer.json(), methods["get"]["responses"]["200"])
    unknown = server.get("/v2/models/other/ready")
    _matches(unknown.json(), DOCUMENT["paths"]["/v2/models/{model}/ready"]["get"]["responses"]["404"])


def test_the_copy_that_is_served_is_up_to_date() -> None:
    assert web.DOCUMENT.read_text(encoding="utf-8") == openapi_document.document(), "run `make generate`"


def _matches(answer: Any, described: Any) -> None:
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(answer, schema | {"components": DOCUMENT["components"]})


def test_the_hugging_face_client_works_unchanged(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The machine may be one without the hub, where the client would refuse to talk to anybody.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    vectors = InferenceClient(server.url("/")).feature_extraction("a text")
    assert vectors.shape == (1, 32)
    assert float(np.linalg.norm(vectors)) == pytest.approx(1.0, abs=1e-5)


def test_too_many_tokens_are_413(start: Callable[..., Any]) -> None:
    server = start(engine="fake", max_request_tokens=10).until_ready()
    answer = server.embed(["one two three", "four five six seven"])
    assert answer.status_code == 413
    assert "11 tokens; at most 10" in answer.json()["error"]["message"]
    assert server.load()["accepted"] == 0
