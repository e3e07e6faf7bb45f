"""The steps where they decide something: whose definition it is, and which image the example runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import ClusterError
from hack.demo.steps import definition_is_owned, pool_name, require_dev_image


def kubectl_with(annotations: dict[str, str] | None) -> Any:
    """Answers as kubectl does for a CRD with these annotations; None: there is none."""

    def kubectl(*arguments: str) -> str:
        assert arguments[:2] == ("get", "crd")
        return "" if annotations is None else json.dumps({"metadata": {"annotations": annotations}})

    return kubectl


def release(namespace: str, name: str) -> dict[str, str]:
    return {"meta.helm.sh/release-namespace": namespace, "meta.helm.sh/release-name": name}


@pytest.mark.parametrize(
    ("annotations", "owned"),
    [(None, True), ({}, False), ({"other": "x"}, False), (release("warmpool-system", "warmpool"), True)],
)
def test_helm_is_told_to_take_only_what_belongs_to_no_release(
    annotations: dict[str, str] | None, owned: bool
) -> None:
    assert definition_is_owned(kubectl_with(annotations)) is owned


def test_another_release_is_left_alone() -> None:
    with pytest.raises(ClusterError, match="release mine in namespace prod"):
        definition_is_owned(kubectl_with(release("prod", "mine")))


def test_the_example_runs_the_image_that_the_demo_builds(tmp_path: Path) -> None:
    require_dev_image()
    assert pool_name() == "minilm"
    other = tmp_path / "pool.yaml"
    other.write_text("spec: {server: {image: other:1}}")
    with pytest.raises(ClusterError, match="other:1"):
        require_dev_image(other)
