"""The dialect of ingress-nginx: every word of it is read by a controller that drops what it does not
understand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.admission.intent import Intent, Limit
from warmpool_operator.admission.nginx import PREFIX, IngressNginx
from warmpool_operator.api.ingress import OWNED_ANNOTATIONS, Timeouts

limits = st.builds(Limit, connections=st.integers(1, 10**6), rate=st.one_of(st.none(), st.integers(2, 10**6)))
intents = st.builds(
    Intent,
    limit=st.one_of(st.none(), limits),
    per_pool=st.booleans(),
    allowlist=st.sampled_from([(), ("10.0.0.0/8",), ("10.0.0.0/8", "::1")]),
    tries=st.integers(1, 3),
    timeouts=st.builds(Timeouts, read_seconds=st.one_of(st.none(), st.integers(1, 86400))),
)


def said(intent: Intent) -> dict[str, str]:
    """Annotations without their prefix."""
    annotations = IngressNginx().express(intent).annotations
    assert all(name.startswith(f"{PREFIX}/") for name in annotations)
    return {name.partition("/")[2]: value for name, value in annotations.items()}


@given(intent=intents)
def test_every_annotation_is_owned_and_every_number_plain(intent: Intent) -> None:
    words = said(intent)
    assert set(words) <= set(OWNED_ANNOTATIONS)
    numbers = {name: value for name, value in words.items() if name.startswith("limit-") or "timeout" in name}
    numbers.pop("limit-allowlist", None)
    assert all(re.fullmatch(r"[1-9][0-9]*", value) for value in numbers.values())


@given(intent=intents)
def test_a_limit_has_multiplier_1_and_without_one_nothing_is_limited(intent: Intent) -> None:
    words = said(intent)
    assert words["load-balance"] == "round_robin"
    if intent.limit is None:
        assert not [name for name in words if name.startswith("limit-")]
    else:
        assert words["limit-burst-multiplier"] == "1"
        assert words["limit-connections"] == str(intent.limit.connections)
        assert words.get("limit-rps") == (None if intent.limit.rate is None else str(intent.limit.rate))
        assert words.get("limit-allowlist", "") == ",".join(intent.allowlist)


def test_retries_go_to_another_pod_and_never_after_a_timeout() -> None:
    words = said(Intent())
    assert words["proxy-next-upstream"] == "error http_429 http_503 non_idempotent"
    assert words["proxy-next-upstream-tries"] == "2"
    assert said(Intent(tries=1))["proxy-next-upstream"] == "off"


# The controller's own pattern: it silently falls back to `error timeout` for anything else.
NEXT_UPSTREAM = (
    r"^((error|timeout|invalid_header|http_500|http_502|http_503|http_504|http_403|http_404|http_429"
)
NEXT_UPSTREAM += r"|non_idempotent|off)\s?)+$"


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_the_controller_reads_the_retries(tries: int) -> None:
    assert re.fullmatch(NEXT_UPSTREAM, said(Intent(tries=tries))["proxy-next-upstream"])


def test_what_it_cannot_say_or_know_is_said() -> None:
    limit = Limit(connections=8)
    assert "limit-rps" in IngressNginx().express(Intent(limit=limit, unmeasured=True)).missing[0]
    assert (
        "limit-conn-zone-variable" in IngressNginx().express(Intent(limit=limit, per_pool=True)).unverified[0]
    )
    plain = IngressNginx().express(Intent(limit=limit))
    assert (plain.missing, plain.unverified) == ((), ())


def test_the_answer_while_nothing_is_warm() -> None:
    assert said(Intent(warming_service="minilm-warming"))["default-backend"] == "minilm-warming"
