"""Every metric name and every closed set of label values, in one place.

Names without the project's prefix are those that client-go and controller-runtime made common, so
that dashboards and alerts written for other controllers work here. No label holds a pod name, a
uid or a message: a label's values must be few.
"""

from typing import Final, Literal

WORKQUEUE_DEPTH: Final = "workqueue_depth"
WORKQUEUE_ADDS: Final = "workqueue_adds_total"
WORKQUEUE_QUEUE_DURATION: Final = "workqueue_queue_duration_seconds"
WORKQUEUE_WORK_DURATION: Final = "workqueue_work_duration_seconds"
WORKQUEUE_UNFINISHED_WORK: Final = "workqueue_unfinished_work_seconds"
WORKQUEUE_LONGEST_RUNNING: Final = "workqueue_longest_running_processor_seconds"
WORKQUEUE_RETRIES: Final = "workqueue_retries_total"
REST_CLIENT_REQUESTS: Final = "rest_client_requests_total"
LEADER_STATUS: Final = "leader_election_master_status"

RECONCILE: Final = "warmpool_operator_reconcile_total"
RECONCILE_ERRORS: Final = "warmpool_operator_reconcile_errors_total"
RECONCILE_TIME: Final = "warmpool_operator_reconcile_time_seconds"
ACTIVE_WORKERS: Final = "warmpool_operator_active_workers"
MAX_CONCURRENT_RECONCILES: Final = "warmpool_operator_max_concurrent_reconciles"
CONTROL_LOOP_LAG: Final = "warmpool_operator_control_loop_lag_seconds"
CONTROL_LOOP_PERIOD: Final = "warmpool_operator_control_loop_period_seconds"
CONTROL_LOOP_SKIPPED: Final = "warmpool_operator_control_loop_skipped_ticks_total"
EVENTS: Final = "warmpool_operator_events_total"
BUILD_INFO: Final = "warmpool_operator_build_info"

POOL_REPLICAS: Final = "warmpool_pool_replicas"
POOL_BOUND: Final = "warmpool_pool_bound"
POOL_CONDITION: Final = "warmpool_pool_condition"
POOL_DEMAND: Final = "warmpool_pool_demand"
POOL_COLD_START: Final = "warmpool_pool_cold_start_seconds"
POOL_SCRAPE_DURATION: Final = "warmpool_pool_scrape_duration_seconds"
POOL_SCRAPE_FAILURES: Final = "warmpool_pool_scrape_failures_total"
POOL_DECISIONS: Final = "warmpool_pool_decisions_total"
POOL_WARM_HITS: Final = "warmpool_pool_warm_hits_total"
POOL_COLD_REQUESTS: Final = "warmpool_pool_cold_requests_total"
POOL_IDLE_SECONDS: Final = "warmpool_pool_idle_warm_pod_seconds_total"
POOL_WARMING_ANSWERS: Final = "warmpool_pool_warming_answers_total"
POOL_HPA_APPLIES: Final = "warmpool_pool_hpa_applies_total"

ReconcileResult = Literal["success", "error", "requeue", "requeue_after"]
RECONCILE_RESULTS: Final[tuple[ReconcileResult, ...]] = ("success", "error", "requeue", "requeue_after")

PoolState = Literal["desired", "ready", "warming", "idle", "running", "draining", "failed"]
POOL_STATES: Final[tuple[PoolState, ...]] = (
    "desired",
    "ready",
    "warming",
    "idle",
    "running",
    "draining",
    "failed",
)
