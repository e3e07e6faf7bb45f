"""`warmpool render`: what it prints is what the builders make, and what is wrong with a file is said in words."""

import json
from pathlib import Path

import pytest
import yaml

from tests.operator.console.conftest import Run

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/fake.yaml"
BASE = """
apiVersion: warmpool.dev/v1alpha1
kind: WarmModelPool
metadata: {name: one}
spec:
  model: {name: m, source: {baked: {}}}
  server: {image: "img:1"}
  scaling: {maxReplicas: 4, minReplicas: 2}
"""


def test_every_child_is_printed_as_yaml(run: Run) -> None:
    ended = run("render", "-f", str(EXAMPLE), "-n", "team")
    assert (ended.code, ended.err) == (0, "")
    made = {each["kind"]: each for each in yaml.safe_load_all(ended.out)}
    assert set(made) >= {"Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"}
    assert {each["metadata"]["namespace"] for each in made.values()} == {"team"}
    assert "ownerReferences" not in ended.out
    assert made["Deployment"]["spec"]["template"]["spec"]["containers"][0]["startupProbe"]


def test_json_is_one_list_and_the_autoscaler_holds_the_floor(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pool.yaml"
    file.write_text(BASE)
    ended = run("render", "-f", str(file), "-o", "json")
    made = {each["kind"]: each for each in json.loads(ended.out)["items"]}
    spec = made["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE.replace("minReplicas", "minReplica"), "spec.scaling.minReplica"),
        (BASE.replace("maxReplicas: 4", "maxReplicas: many"), "spec.scaling.maxReplicas"),
        (BASE.replace("v1alpha1", "v9"), "apiVersion is warmpool.dev/v9, not warmpool.dev/v1alpha1"),
        (BASE.replace("{name: one}", "{}"), "metadata.name is missing"),
        ("kind: Pod\n", "has no WarmModelPool"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_a_trace(
    run: Run, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "pool.yaml"
    file.write_text(text)
    ended = run("render", "-f", str(file))
    assert ended.code == 2
    assert ended.err.startswith(f"error: {file}")
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ended = run("render", "-f", str(tmp_path / "none.yaml"))
    assert (ended.code, "cannot be read" in ended.err) == (2, True)
