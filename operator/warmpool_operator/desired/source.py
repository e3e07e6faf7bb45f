"""How the model comes into the pod: volume, mount, and the init container that fetches."""

from warmpool_operator.api import names
from warmpool_operator.api.model import FETCHED_PATH, MOUNT_PATH
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.desired.security import container_security, resources, tmp_mount

MODEL_VOLUME = "model"
TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105 - the name that the hub's tools read it by


def model_volumes(spec: PoolSpec) -> list[Manifest]:
    """Return the volume with the model; none where the image has it."""
    source = spec.model.source
    if (claim := source.pvc) is not None:
        return [_volume("persistentVolumeClaim", {"claimName": claim.claim_name, "readOnly": True})]
    if (image := source.image) is not None:
        return [_volume("image", {"reference": image.reference, "pullPolicy": image.pull_policy})]
    if not source.fetched:
        return []
    limit = spec.model.fetch.size_limit if spec.model.fetch else None
    return [_volume("emptyDir", {} if limit is None else {"sizeLimit": str(limit)})]


def model_mounts(spec: PoolSpec) -> list[Manifest]:
    """Return the server's mount of the model, read-only; none where the image has it."""
    source = spec.model.source
    if source.baked is not None:
        return []
    mount = {"name": MODEL_VOLUME, "mountPath": MOUNT_PATH, "readOnly": True}
    return [mount | ({"subPath": source.pvc.sub_path} if source.pvc and source.pvc.sub_path else {})]


def init_containers(spec: PoolSpec) -> list[Manifest]:
    """Return the container that fetches the model; none where it is there.

    It alone gets the credentials. What it fetched outlives its own restarts, so a try that was killed is gone on
    with.
    """
    if not spec.model.source.fetched:
        return []
    fetch = spec.model.fetch
    return [
        {
            "name": names.FETCH_CONTAINER,
            "image": (fetch.image if fetch else None) or spec.server.image,
            "imagePullPolicy": spec.server.image_pull_policy,
            "command": [names.PROGRAM, "fetch", *_arguments(spec)],
            "resources": resources(spec.server.resources),
            "securityContext": container_security(),
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [tmp_mount(), {"name": MODEL_VOLUME, "mountPath": MOUNT_PATH}],
            **_credentials(spec),
        }
    ]


def _arguments(spec: PoolSpec) -> list[str]:
    hub, store, fetch = spec.model.source.hugging_face, spec.model.source.object_store, spec.model.fetch
    arguments = ["--out", FETCHED_PATH]
    endpoint = None
    if hub is not None:
        arguments.insert(0, f"hf://{hub.repo}@{hub.revision}")
        endpoint = hub.endpoint
    elif store is not None:
        arguments.insert(0, store.uri)
        endpoint = store.endpoint
        if store.manifest_sha256 is not None:
            arguments += ["--manifest-sha256", store.manifest_sha256]
    if endpoint is not None:
        arguments += ["--endpoint", endpoint]
    if fetch is not None and fetch.size_limit is not None:
        arguments += ["--size-limit", str(fetch.size_limit)]
    return arguments


def _credentials(spec: PoolSpec) -> Manifest:
    hub, store = spec.model.source.hugging_face, spec.model.source.object_store
    if hub is not None and (token := hub.token_secret_ref) is not None:
        reference = {"secretKeyRef": {"name": token.name, "key": token.key}}
        return {"env": [{"name": TOKEN_VARIABLE, "valueFrom": reference}]}
    if store is not None and (secret := store.credentials_secret_ref) is not None:
        return {"envFrom": [{"secretRef": {"name": secret.name}}]}
    return {}


def _volume(kind: str, source: Manifest) -> Manifest:
    return {"name": MODEL_VOLUME, kind: source}
