"""Whether the API server knows the kind of volume that a pool's model comes in."""

from warmpool_operator.api.names import Reason
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.desired.source import MODEL_VOLUME
from warmpool_operator.observe.diagnosis import Trouble

NO_IMAGE_VOLUMES = (
    "this cluster has no image volumes, which model.source.image needs: they are on by default in Kubernetes 1.35"
    " and behind the feature gate ImageVolume in 1.33; use another source until then"
)


def dropped_volume(spec: PoolSpec, live: Manifest | None) -> Trouble | None:
    """Return why the pods of a live Deployment have no model: its volume was dropped without a word.

    Without the feature gate ImageVolume the API server takes volume and mount out of the template and accepts the
    rest, so that the pods only say that they find no model.
    """
    if spec.model.source.image is None or live is None:
        return None
    volumes = live["spec"]["template"]["spec"].get("volumes") or []
    if any(volume["name"] == MODEL_VOLUME for volume in volumes):
        return None
    return Trouble(Reason.NO_IMAGE_VOLUMES, NO_IMAGE_VOLUMES)
