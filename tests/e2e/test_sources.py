"""Models that are fetched from a real S3 server and a mirror of the hub, and what is said when that fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import Object, PoolHandle, spec
from tests.e2e.support.stores import ACCESS_KEY, SECRET_KEY, Store, bucket_of, start_mirror, start_s3, upload
from tests.sources.bundles import WEIGHTS, write_bundle
from warmpool_serving.models.download import PART_BYTES

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "build/bundles/minilm"
BAKED = "/models/minilm"
MODEL_BYTES = 24 << 20
HOLD_AFTER = 48 << 20
PARTS_THERE = "cat /models/.*.parts/*.journal | tr -d '\\0' | wc -c"
"""Counts the parts that a fetching container has written and noted."""
pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def place(make_namespace: Callable[[], str]) -> str:
    """The namespace of this module: its stores are made once."""
    return make_namespace()


@pytest.fixture(scope="module")
def s3(
    kubectl: Kubectl,
    place: str,
    build_image: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
    operator: object,
) -> Store:
    return start_s3(kubectl, place, build_image, tmp_path_factory.mktemp("s3"), bucket="models")


def in_s3(store: Store, folder: str, *, secret: str = "s3") -> Object:
    source = {
        "uri": f"s3://models/{folder}",
        "endpoint": store.inside,
        "credentialsSecretRef": {"name": secret},
    }
    return {"name": "fetched", "source": {"objectStore": source}}


def example_of(file: str) -> Object:
    example: Object = yaml.safe_load((ROOT / "examples" / file).read_text())
    return example


def make_secret(kubectl: Kubectl, namespace: str, name: str, **entries: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": entries}
    kubectl.apply(secret, namespace=namespace)


def answers_right(pool: PoolHandle, pool_spec: Object) -> None:
    """Apply a pool and wait for its first answer: the server has proven the values before it was ready."""
    payload = {"model": pool_spec["model"]["name"], "input": ["a warm pod"]}
    with Hammer(pool.url(), payload, clients=1) as hammer:
        pool.apply(pool_spec)
        pool.wait("a first answer", lambda: hammer.statuses[200] > 0, seconds=120)
    assert hammer.strange(0, 200) == []
    (vector,) = json.loads(hammer.first(200).body)["data"]
    assert len(vector["embedding"]) == 384


def fetcher(pool: PoolHandle) -> Object:
    """The status of the fetching container of the pool's only pod, empty before there is one."""
    statuses: list[Any] = [
        status for pod in pool.pods() for status in pod["status"].get("initContainerStatuses", [])
    ]
    return statuses[0] if statuses else {}


def failure(pool: PoolHandle) -> str:
    """Wait until the pool says why its model does not come; returns the sentence."""

    def fails() -> bool:
        return bool(pool.condition("StartupFailing").get("reason") == "ModelFetchFailed")

    pool.wait("ModelFetchFailed", fails, seconds=90)
    assert pool.condition("Ready")["status"] == "False"
    return str(pool.condition("StartupFailing")["message"])


def test_minilm_from_s3(kubectl: Kubectl, place: str, s3: Store) -> None:
    upload(s3, "models/minilm", BUNDLE)
    example = example_of("minilm-s3.yaml")
    make_secret(kubectl, place, "model-store", AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY)
    example["spec"]["model"]["source"]["objectStore"]["endpoint"] = s3.inside
    pool = PoolHandle(kubectl, place, example["metadata"]["name"])
    answers_right(pool, example["spec"])
    assert fetcher(pool)["state"]["terminated"]["message"].startswith("fetched 90.9 MB in ")


def test_minilm_from_a_mirror_of_the_hub(kubectl: Kubectl, place: str) -> None:
    mirror = start_mirror(kubectl, place, "hub", BAKED, "--token", "hf_secret")
    make_secret(kubectl, place, "hub", token="hf_secret")
    example = example_of("minilm-hub.yaml")
    source = example["spec"]["model"]["source"]["huggingFace"]
    source |= {"endpoint": mirror.inside, "tokenSecretRef": {"name": "hub"}}
    pool = PoolHandle(kubectl, place, example["metadata"]["name"])
    answers_right(pool, example["spec"])
    assert "hf_secret" not in json.dumps(pool.pods()), "the token stays in the Secret"


def test_a_fetch_that_is_killed_half_way_goes_on_and_is_verified(kubectl: Kubectl, place: str) -> None:
    mirror = start_mirror(kubectl, place, "slow", BAKED, "--hold-after", str(HOLD_AFTER))
    pool = PoolHandle(kubectl, place, "killed")
    source = {"objectStore": {"uri": f"{mirror.inside}/plain"}}
    pool.apply(spec(model={"name": "m", "source": source}))
    pool.wait("half of it is sent", lambda: json.loads(mirror.ask("/stats"))["held"])
    pod = pool.pod_names().pop()
    # What is sent may still be on its way to a process that waits for its turn on the processor.
    notes = ["exec", "-n", place, pod, "-c", "fetch", "--", "sh", "-c", PARTS_THERE]
    pool.wait("half of it has arrived", lambda: int(kubectl(*notes)) * PART_BYTES >= HOLD_AFTER // 2)
    kubectl("exec", "-n", place, pod, "-c", "fetch", "--", "sh", "-c", "kill -TERM 1")
    pool.wait("a second try", lambda: fetcher(pool).get("restartCount") == 1)
    before = json.loads(mirror.ask("/stats"))["bytes"]
    mirror.ask("/release", method="POST")
    pool.wait_ready(1)
    log = [json.loads(line) for line in kubectl("logs", "-n", place, pod, "-c", "fetch").splitlines()]
    kept = log[-1]["keptBytes"]
    assert log[-1]["message"] == "fetched"
    assert kept >= HOLD_AFTER // 2, "what the first try brought is not fetched again"
    again = json.loads(mirror.ask("/stats"))["bytes"] - before
    # The manifest comes twice, and what the mirror was about to send to the killed process counts as sent.
    assert again <= log[-1]["bytes"] - kept + (4 << 20)


def test_a_corrupt_object_is_named_and_a_repaired_one_is_served(
    kubectl: Kubectl, place: str, s3: Store, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path, size=MODEL_BYTES)
    upload(s3, "models/corrupt", bundle)
    right = (bundle / WEIGHTS).read_bytes()
    wrong = right[:-1] + bytes([right[-1] ^ 1])
    obstore.put(bucket_of(s3, "models/corrupt"), WEIGHTS, wrong)
    pool = PoolHandle(kubectl, place, "corrupt")
    pool.apply(spec(model=in_s3(s3, "corrupt")))
    assert failure(pool).startswith(f"{WEIGHTS}: corrupt")
    assert WEIGHTS in pool.condition("Ready")["message"]
    obstore.put(bucket_of(s3, "models/corrupt"), WEIGHTS, right)
    pool.wait_ready(1, seconds=90)


def test_a_model_that_does_not_fit_is_refused_before_it_fills_the_volume(
    kubectl: Kubectl, place: str, s3: Store, tmp_path: Path
) -> None:
    upload(s3, "models/large", write_bundle(tmp_path, size=MODEL_BYTES))
    # In memory, so that the volume has an end of its own: the disk of a node has none that a test could fill.
    small = {"name": "model", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}
    pool = PoolHandle(kubectl, place, "full")
    pool.apply(spec(model=in_s3(s3, "large")) | {"podTemplate": {"spec": {"volumes": [small]}}})
    message = failure(pool)
    assert "25.2 MB are to be fetched and /models has 16.8 MB left; nothing was written" in message
    limited = PoolHandle(kubectl, place, "limited")
    limited.apply(spec(model=in_s3(s3, "large") | {"fetch": {"sizeLimit": "10Mi"}}))
    assert "the model has 25.2 MB and model.fetch.sizeLimit allows 10.5 MB; raise it" in failure(limited)


def test_credentials_that_are_refused_are_a_sentence(kubectl: Kubectl, place: str, s3: Store) -> None:
    make_secret(kubectl, place, "wrong", AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY="not-the-secret")
    pool = PoolHandle(kubectl, place, "denied")
    pool.apply(spec(model=in_s3(s3, "minilm", secret="wrong")))
    message = failure(pool)
    assert "access to s3://models/minilm/manifest.json is denied; check the Secret's keys" in message
    assert "not-the-secret" not in message


def test_a_cluster_without_image_volumes_says_so(kubectl: Kubectl, place: str) -> None:
    pool = PoolHandle(kubectl, place, "imaged")
    pool.apply(spec(model={"name": "m", "source": {"image": {"reference": "registry.invalid/model:1"}}}))
    pool.wait("a reason", lambda: pool.condition("StartupFailing").get("status") == "True")
    # With image volumes the kubelet tries to pull the model and cannot.
    condition = pool.condition("StartupFailing")
    assert condition["reason"] in {"NoImageVolumes", "ImagePull"}
    assert "image" in condition["message"]
