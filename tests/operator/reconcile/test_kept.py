"""What the status remembers over a restart: everything, or nothing."""

from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.api.starts import StartupStatus
from warmpool_operator.api.status import ScheduleStatus
from warmpool_operator.capacity.pacing import StartBudget
from warmpool_operator.capacity.policy import Effective, PolicyMemory
from warmpool_operator.capacity.schedule import FrozenLead
from warmpool_operator.capacity.startup import Start, Startups
from warmpool_operator.capacity.threshold import ThresholdState
from warmpool_operator.capacity.types import Bucket, Memory, Policy
from warmpool_operator.capacity.window import remember
from warmpool_operator.desired.footprint import Footprint
from warmpool_operator.reconcile.foresight import schedule_status
from warmpool_operator.reconcile.kept import Kept, LastStart, memory_status, restored
from warmpool_operator.reconcile.measure import startup_status

NOW = 1_700_000_000_123
RULES = PolicyMemory(
    leads=(FrozenLead(name="morning", start_ms=NOW, lead_ms=21_003),),
    thresholds=(ThresholdState(name="busy", holds=True), ThresholdState(name="queue", counted_ms=4_500)),
)
STARTS = Startups(
    starts=(
        Start(total_ms=4_000, template="old"),
        Start(
            total_ms=5_000, template="new", pod="a", ready_ms=NOW, phases_ms=(("load", 4_900), ("ready", 100))
        ),
        Start(total_ms=5_300, template="new", pod="b", ready_ms=NOW, first_request_ms=70),
    ),
    failures=2,
)


BUDGET = StartBudget(failures=4, retry_at_ms=NOW + 20_000)
FOOTPRINTS = (
    Footprint(template="old", peak_mi=90),
    Footprint(template="new", peak_mi=212, start_mi=200, requests=77),
)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9_000)), max_size=80),
    st.integers(0, 99),
    st.integers(0, 9),
)
def test_memory_survives_the_status(steps: list[tuple[int, int]], published: int, removed: int) -> None:
    window: tuple[Bucket, ...] = (Bucket(NOW, 0),)
    for target, gap in steps:
        window = remember(window, now_ms=window[-1].at_ms + gap, target=target, keep_alive_ms=60_000)
    started = NOW - 700 if removed else 0
    memory = Memory(published=published, window=window, step_started_ms=started, step_removed=removed)
    status = {
        "memory": memory_status(memory, RULES, STARTS, BUDGET, FOOTPRINTS).to_wire(),
        "startup": startup_status(STARTS).to_wire(),
    }
    wanted = Kept(memory=memory, policy=RULES, startups=STARTS, budget=BUDGET, footprints=FOOTPRINTS)
    assert restored(status) == wanted


def test_the_last_start_survives_the_status() -> None:
    last = LastStart(name="morning", start_ms=NOW, floor=3, ready=2)
    shown = ScheduleStatus.model_validate({"last": _wire(last)})
    assert shown.last is not None
    assert not shown.last.met
    assert restored({"schedule": shown.to_wire()}) == Kept(last_start=last)


def test_what_cannot_be_read_is_no_memory() -> None:
    nothing = Kept()
    assert restored({}) == nothing
    assert restored({"memory": {"published": 3, "window": []}}) == nothing
    assert restored({"memory": {"published": 3, "window": [{"until": "soon", "target": 3}]}}) == nothing
    assert restored({"memory": {"published": 3, "unknown": 1}}) == nothing
    assert restored({"schedule": {"last": {"name": "x"}}}) == nothing
    assert restored({"startup": {"failures": -1}}) == nothing


def test_start_ups_are_shown_as_kubernetes_shows_durations() -> None:
    shown = startup_status(STARTS)
    assert (shown.p50, shown.p95, shown.samples, shown.failures) == ("5s", "5.3s", 3, 2)
    assert shown.phases["load"].p50 == "4.9s"
    assert [each.pod for each in shown.last] == ["a", "b"], "without those of which only the total is known"
    assert startup_status(Startups()) == StartupStatus()
    assert startup_status(Startups(starts=(Start(total_ms=20_007),))).p50 == "20.007s"


def _wire(last: LastStart) -> dict[str, object]:
    status = schedule_status(Effective(policy=Policy(floor=1, ceiling=2)), last)
    assert status is not None
    wire: dict[str, object] = status.to_wire()["last"]
    return wire
