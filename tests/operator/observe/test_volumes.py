"""A volume of a kind that the API server does not know is gone from the Deployment, and that is noticed."""

from typing import Any

from warmpool_operator.api.names import Reason
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.observe.volumes import dropped_volume


def spec_with(source: dict[str, Any]) -> PoolSpec:
    model = {"name": "m", "source": source}
    return PoolSpec.model_validate({"model": model, "server": {"image": "i"}, "scaling": {"maxReplicas": 2}})


def live(*volumes: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"volumes": [{"name": name} for name in volumes]}}}}


IMAGE = spec_with({"image": {"reference": "registry.example.org/model:1"}})


def test_a_dropped_volume_is_a_sentence() -> None:
    trouble = dropped_volume(IMAGE, live("tmp"))
    assert trouble is not None
    assert trouble.reason == Reason.NO_IMAGE_VOLUMES
    assert "ImageVolume" in trouble.message


def test_nothing_is_said_of_what_is_there_or_was_not_asked_for() -> None:
    assert dropped_volume(IMAGE, live("tmp", "model")) is None
    assert dropped_volume(IMAGE, None) is None
    assert dropped_volume(spec_with({"baked": {}}), live("tmp")) is None
