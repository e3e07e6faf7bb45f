"""Every name another program may rely on: settings, states, phases, paths, reasons, metrics, exit codes.

One file, so that a rename is a visible change of the contract. Standard library only.
"""

from enum import StrEnum
from typing import Final

ENV_PREFIX: Final = "WARMPOOL_"
CONTRACT_VERSION: Final = 1
LOADING: Final = "loading"
WEIGHTS_BYTES: Final = "weightsBytes"
"""Field of the log line ``loading``: a process killed for memory leaves it among its last words."""
DEFAULT_TERMINATION_LOG: Final = "/dev/termination-log"


class State(StrEnum):
    """What the process is doing; ``Draining`` also for a ready one that was asked to stand aside."""

    STARTING = "Starting"
    LOADING = "Loading"
    WARMING = "Warming"
    READY = "Ready"
    DRAINING = "Draining"
    STOPPED = "Stopped"
    FAILED = "Failed"


class Phase(StrEnum):
    """Parts of a cold start, in order; their seconds add up to at most the total."""

    PROCESS_START = "process_start"
    IMPORTS = "imports"
    LOAD = "load"
    COMPILE = "compile"
    WARMUP = "warmup"


class EngineName(StrEnum):
    """Values of ``WARMPOOL_ENGINE``."""

    AUTO = "auto"
    ONNX = "onnx"
    SENTENCE_TRANSFORMERS = "sentence-transformers"
    FAKE = "fake"


class Precision(StrEnum):
    """Values of ``WARMPOOL_PRECISION``."""

    AUTO = "auto"
    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"


class Exit:
    """Exit codes of ``warmpool-serve``."""

    OK: Final = 0
    USAGE: Final = 2
    """A setting is wrong; another start with the same settings fails the same way."""
    MODEL: Final = 3
    """The model is missing, corrupt, or gives wrong answers."""
    PORT: Final = 4
    """A port cannot be bound."""
    FETCH: Final = 5
    """The model could not be fetched; another try goes on where this one stopped."""
    WARM: Final = 6
    """The server refuses the warm-up request."""
    ENGINE: Final = 7
    """The engine was proven and no longer computes, as after an error of its device; a new process may."""


class AdminPath:
    """Paths of the admin port."""

    LIVE: Final = "/health/live"
    STARTUP: Final = "/health/startup"
    READY: Final = "/health/ready"
    LOAD: Final = "/internal/load"
    DRAIN: Final = "/internal/drain"
    METRICS: Final = "/metrics"


class ClientPath:
    """Paths of the client port."""

    EMBEDDINGS: Final = "/v1/embeddings"
    MODELS: Final = "/v1/models"
    ROOT: Final = "/"
    EMBED: Final = "/embed"
    INFO: Final = "/info"
    OPENAPI: Final = "/openapi.json"
    HEALTH: Final = "/health"
    OIP_LIVE: Final = "/v2/health/live"
    OIP_READY: Final = "/v2/health/ready"
    OIP_MODEL_READY: Final = "/v2/models/{model}/ready"


class Reject(StrEnum):
    """Why a request was not accepted; label ``reason`` of ``warmpool_rejected_total``."""

    OVERLOADED = "overloaded"
    NOT_READY = "not_ready"
    DRAINING = "draining"


class Header:
    """Header names, lower case as ASGI wants them."""

    RETRY_AFTER: Final = "retry-after"
    RETRY_AFTER_MS: Final = "retry-after-ms"
    REQUEST_TIMEOUT_MS: Final = "x-request-timeout-ms"


class Metric:
    """Metric names as Prometheus sees them."""

    INFLIGHT: Final = "warmpool_inflight_requests"
    RUNNING: Final = "warmpool_running_requests"
    QUEUE_DEPTH: Final = "warmpool_queue_depth"
    QUEUE_TOKENS: Final = "warmpool_queue_tokens"
    OLDEST: Final = "warmpool_oldest_request_seconds"
    SLOTS: Final = "warmpool_slots"
    CAPACITY: Final = "warmpool_capacity_tokens_per_second"
    MODEL_READY: Final = "warmpool_model_ready"
    DRAINING: Final = "warmpool_draining"
    COLD_START: Final = "warmpool_cold_start_seconds"
    REQUESTS: Final = "warmpool_requests_total"
    ACCEPTED: Final = "warmpool_accepted_total"
    REJECTED: Final = "warmpool_rejected_total"
    FINISHED: Final = "warmpool_finished_total"
    REQUEST_SECONDS: Final = "warmpool_request_seconds"
    QUEUE_WAIT_SECONDS: Final = "warmpool_queue_wait_seconds"
    INFERENCE_SECONDS: Final = "warmpool_inference_seconds"
    BATCH_SIZE: Final = "warmpool_batch_size"
    BATCH_TOKENS: Final = "warmpool_batch_tokens"
    BATCH_PADDING: Final = "warmpool_batch_padding_ratio"
    BUILD_INFO: Final = "warmpool_build_info"


class Outcome(StrEnum):
    """How an accepted request ended; label ``outcome`` of ``warmpool_finished_total``."""

    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DRAINED = "drained"
