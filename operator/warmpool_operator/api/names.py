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
WARM_CONTAINER: Final = "warm"
"""Sidecar that sends first requests to a server of another make."""
PROGRAM: Final = "warmpool-serve"
"""What both run."""
PORT_NAME: Final = "http"
ADMIN_PORT_NAME: Final = "admin"
ADMIN_SERVICE_SUFFIX: Final = "-admin"
WARMING_SERVICE_SUFFIX: Final = "-warming"
"""Of the Service that answers while no pod is warm."""
PATH_LIVE: Final = "/health/live"
PATH_STARTUP: Final = "/health/startup"
PATH_READY: Final = "/health/ready"
PATH_LOAD: Final = "/internal/load"
PATH_DRAIN: Final = "/internal/drain"
WEIGHTS_BYTES: Final = "weightsBytes"
"""In the server's log line `loading`, which the kubelet keeps as its last words when it is killed for memory."""


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


class Phase:
    """Parts of a cold start, in the order in which they pass."""

    SCHEDULED: Final = "scheduled"
    """From the first sight of the pod until it has a node."""
    SANDBOX: Final = "sandbox"
    """Network and volumes, until the kubelet says PodReadyToStartContainers."""
    MODEL_FETCH: Final = "model_fetch"
    """Init containers."""
    IMAGE_PULL: Final = "image_pull"
    """The pull of the server's image, by the kubelet's own event."""
    CONTAINER: Final = "container"
    """Making the container, until its process begins."""
    PROCESS_START: Final = "process_start"
    IMPORTS: Final = "imports"
    LOAD: Final = "load"
    COMPILE: Final = "compile"
    WARMUP: Final = "warmup"
    READY: Final = "ready"
    """From warm until this operator sees the pod Ready: probe period and news of it."""
    FIRST_REQUEST: Final = "first_request"
    """From Ready until the first request was seen. Not part of the start: the pod waits, not the client."""
    TOTAL: Final = "total"


PHASES: Final = (
    Phase.SCHEDULED,
    Phase.SANDBOX,
    Phase.MODEL_FETCH,
    Phase.IMAGE_PULL,
    Phase.CONTAINER,
    Phase.PROCESS_START,
    Phase.IMPORTS,
    Phase.LOAD,
    Phase.COMPILE,
    Phase.WARMUP,
    Phase.READY,
)
"""Phases of a start; they add up to its total."""
POD_PHASES: Final = (Phase.PROCESS_START, Phase.IMPORTS, Phase.LOAD, Phase.COMPILE, Phase.WARMUP)
"""Those that the pod measures itself."""


class Condition:
    """Types of the conditions of a pool."""

    READY: Final = "Ready"
    WARM: Final = "Warm"
    PROGRESSING: Final = "Progressing"
    METRICS_FRESH: Final = "MetricsFresh"
    SCALING_LIMITED: Final = "ScalingLimited"
    SCALE_IN_BLOCKED: Final = "ScaleInBlocked"
    STARTUP_FAILING: Final = "StartupFailing"
    SLOW_START: Final = "SlowStart"
    SETTINGS_FIT: Final = "SettingsFit"
    UNSCHEDULABLE: Final = "Unschedulable"
    CONFLICT: Final = "Conflict"
    PAUSED: Final = "Paused"
    INGRESS_LIMITED: Final = "IngressLimited"


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
    WARMUP: Final = "WarmupFailed"
    NO_IMAGE_VOLUMES: Final = "NoImageVolumes"
    CRASH_LOOP: Final = "CrashLoop"
    OUT_OF_MEMORY: Final = "OutOfMemory"
    PODS_REJECTED: Final = "PodsRejected"
    CONFIG_ERROR: Final = "ConfigError"
    STARTUP_TIMEOUT: Final = "StartupTimeout"
    MODEL_UNUSABLE: Final = "ModelUnusable"
    SETTING_REFUSED: Final = "SettingRefused"
    PROBE_KILLS_LOADER: Final = "ProbeKillsLoader"
    EVICTED: Final = "Evicted"

    AS_USUAL: Final = "AsUsual"
    SLOWER_THAN_USUAL: Final = "SlowerThanUsual"

    SETTINGS_AGREE: Final = "SettingsAgree"
    SETTINGS_DISAGREE: Final = "SettingsDisagree"

    SCHEDULED: Final = "Scheduled"
    NO_NODE: Final = "NoNodeFits"

    FULLY_EXPRESSED: Final = "FullyExpressed"
    NOT_EXPRESSED: Final = "NotExpressed"
    UNVERIFIED: Final = "Unverified"
    LIMIT_NOT_LOWERED: Final = "LimitNotLowered"

    # events only
    SCALED_OUT: Final = "ScaledOut"
    SCALED_IN: Final = "ScaledIn"
    RETIRED: Final = "PodsRetired"
    RESTORED: Final = "PodsRestored"
    COLD_START: Final = "ColdStart"
    CORRECTED: Final = "DriftCorrected"
