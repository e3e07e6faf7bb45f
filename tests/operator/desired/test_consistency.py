"""Times that disagree are told with the number that would fit."""

from typing import Any

import pytest

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.consistency import Learned, disagreements
from warmpool_operator.desired.deployment import pod_template
from warmpool_operator.desired.pool import Pool


def spec(pod: dict[str, Any] | None = None, **blocks: Any) -> PoolSpec:
    base: dict[str, Any] = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "i"},
        "startup": {"timeoutSeconds": 60},
        "scaling": {"maxReplicas": 2},
        "podTemplate": {"spec": pod or {}},
    }
    return PoolSpec.model_validate(base | blocks)


def told(given: PoolSpec, **learned: Any) -> list[str]:
    pool = Pool(namespace="n", name="p", uid="u", generation=1, spec=given)
    return disagreements(given, pod_template(pool, admin_token="t"), Learned(**learned))


def server(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "server", **fields}]}


def test_what_the_operator_computes_agrees() -> None:
    assert told(spec()) == []
    assert told(spec(), start_p95_ms=30_000, service_ms=1000) == []


@pytest.mark.parametrize(
    ("given", "learned", "words"),
    [
        (spec(server(startupProbe={"failureThreshold": 5})), {}, "gives up after 5 s"),
        (spec(server(startupProbe=None)), {}, "stops a server that loads for 30 s"),
        (spec({"terminationGracePeriodSeconds": 10}), {}, "set it to 40"),
        (
            spec(),
            {"start_p95_ms": 40_001},
            "is 60, and 95 % of the starts take up to 40.0 s",
        ),
        (spec(), {"start_p95_ms": 40_001}, "set it to 81, twice that"),
        (spec(), {"service_ms": 1500}, "set it to 3000"),
    ],
)
def test_every_disagreement_comes_with_a_number(given: PoolSpec, learned: dict[str, int], words: str) -> None:
    (found,) = told(given, **learned)
    assert words in found
