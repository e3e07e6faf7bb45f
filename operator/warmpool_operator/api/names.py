"""Every name that the operator gives to anything: groups, labels, managers, reasons, settings.

A name that two places spell is a name that will differ one day, so it is spelled here only.
"""

from typing import Final

GROUP: Final = "warmpool.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "WarmModelPool"
PLURAL: Final = "warmmodelpools"
SINGULAR: Final = "warmmodelpool"
SHORT_NAME: Final = "wmp"

# -- field managers (server-side apply) --------------------------------------------------------------
MANAGER: Final = "warmpool-operator"
"""Owns every child but the HPA, and never `spec.replicas`."""
HPA_MANAGER: Final = "kube-controller-manager"
"""Who writes `/scale` for an HPA."""
SCALE_MANAGER: Final = "warmpool-operator-scale"
"""Owns the whole HPA, always applied complete, and writes replicas through `/scale` alone."""

# -- labels and annotations --------------------------------------------------------------------------
LABEL_NAME: Final = "app.kubernetes.io/name"
LABEL_INSTANCE: Final = "app.kubernetes.io/instance"
LABEL_COMPONENT: Final = "app.kubernetes.io/component"
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LABEL_POOL: Final = f"{GROUP}/pool"
"""With LABEL_COMPONENT the selector of the Deployment, so it can never change."""
APP: Final = "warmpool"
COMPONENT_SERVER: Final = "model-server"
MANAGED_BY_SELECTOR: Final = f"{LABEL_MANAGED_BY}={MANAGER},{LABEL_POOL}"
"""What is watched. The pool's label is in it so that taking it off is seen, as a deletion."""

DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
"""Kubernetes' own: a ReplicaSet removes pods of lower cost first."""

# -- the pod -----------------------------------------------------------------------------------------
CONTAINER: Final = "server"
FETCH_CONTAINER: Final = "fetch"
"""Init container that brings the model of a fetched source."""
PORT_NAME: Final = "http"
ADMIN_PORT_NAME: Final = "admin"
ADMIN_SERVICE_SUFFIX: Final = "-admin"
PATH_LIVE: Final = "/health/live"
PATH_STARTUP: Final = "/health/startup"
PATH_READY: Final = "/health/ready"
PATH_LOAD: Final = "/internal/load"
PATH_DRAIN: Final = "/internal/drain"


class Env:
    """Environment variables that the operator sets on the server's container."""

    MODEL_NAME: Final = "WARMPOOL_MODEL_NAME"
    MODEL_PATH: Final = "WARMPOOL_MODEL_PATH"
    ENGINE: Final = "WARMPOOL_ENGINE"
    PORT: Final = "WARMPOOL_PORT"
    ADMIN_PORT: Final = "WARMPOOL_ADMIN_PORT"
    CONTAINER_CONCURRENCY: Final = "WARMPOOL_CONTAINER_CONCURRENCY"
    LATENCY_TARGET_MS: Final = "WARMPOOL_LATENCY_TARGET_MS"
    MAX_QUEUE: Final = "WARMPOOL_MAX_QUEUE"
    WARMUP_REQUESTS: Final = "WARMPOOL_WARMUP_REQUESTS"
    ADMIN_TOKEN: Final = "WARMPOOL_ADMIN_TOKEN"
    DRAIN_PROPAGATION_SECONDS: Final = "WARMPOOL_DRAIN_PROPAGATION_SECONDS"
    DRAIN_TIMEOUT_SECONDS: Final = "WARMPOOL_DRAIN_TIMEOUT_SECONDS"


class Condition:
    """Types of the conditions of a pool."""

    READY: Final = "Ready"
    WARM: Final = "Warm"
    PROGRESSING: Final = "Progressing"
    METRICS_FRESH: Final = "MetricsFresh"
    SCALING_LIMITED: Final = "ScalingLimited"
    SCALE_IN_BLOCKED: Final = "ScaleInBlocked"
    STARTUP_FAILING: Final = "StartupFailing"
    UNSCHEDULABLE: Final = "Unschedulable"
    CONFLICT: Final = "Conflict"
    PAUSED: Final = "Paused"


class Reason:
    """Reasons of conditions and events."""

    INVALID_SPEC: Final = "InvalidSpec"
    NAME_TAKEN: Final = "NameTaken"
    NO_CONFLICT: Final = "NoConflict"
    FOREIGN_SCALER: Final = "ForeignScaler"
    SCALED_BY_HAND: Final = "ScaledByHand"
    WRITE_REFUSED: Final = "WriteRefused"
    PAUSED: Final = "Paused"
    OBSERVING: Final = "Observing"
    ACTIVE: Final = "Active"

    ENDPOINTS_WARM: Final = "EndpointsWarm"
    NO_WARM_ENDPOINT: Final = "NoWarmEndpoint"
    SCALED_TO_ZERO: Final = "ScaledToZero"
    FLOOR_MET: Final = "FloorMet"
    BELOW_FLOOR: Final = "BelowFloor"

    SETTLED: Final = "Settled"
    SCALING_OUT: Final = "ScalingOut"
    SCALING_IN: Final = "ScalingIn"
    WARMING_UP: Final = "WarmingUp"
    ROLLING_OUT: Final = "RollingOut"

    ALL_PODS_ANSWER: Final = "AllPodsAnswer"
    PODS_SILENT: Final = "PodsSilent"
    BLIND: Final = "Blind"
    NO_PODS: Final = "NoPods"

    WITHIN_BOUNDS: Final = "WithinBounds"
    TOO_MANY_REPLICAS: Final = "TooManyReplicas"
    MAX_WARMING: Final = "MaxWarming"
    START_BUDGET: Final = "StartBudget"

    NOT_SHRINKING: Final = "NotShrinking"
    PODS_LOADING: Final = "PodsLoading"
    PODS_BUSY: Final = "PodsBusy"

    STARTS_FINE: Final = "StartsFine"
    IMAGE_PULL: Final = "ImagePull"
    MODEL_FETCH: Final = "ModelFetchFailed"
    CRASH_LOOP: Final = "CrashLoop"
    OUT_OF_MEMORY: Final = "OutOfMemory"
    PODS_REJECTED: Final = "PodsRejected"
    CONFIG_ERROR: Final = "ConfigError"
    STARTUP_TIMEOUT: Final = "StartupTimeout"

    SCHEDULED: Final = "Scheduled"
    NO_NODE: Final = "NoNodeFits"

    # events only
    SCALED_OUT: Final = "ScaledOut"
    SCALED_IN: Final = "ScaledIn"
    RETIRED: Final = "PodsRetired"
    RESTORED: Final = "PodsRestored"
    CORRECTED: Final = "DriftCorrected"
