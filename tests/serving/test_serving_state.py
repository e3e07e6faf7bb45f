import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_serving.names import Phase, State
from warmpool_serving.phases import ColdStart, seconds_since_exec
from warmpool_serving.state import NEXT, IllegalTransitionError, Lifecycle

_WAY = (State.LOADING, State.WARMING, State.READY, State.DRAINING, State.STOPPED)


def _at(state: State) -> Lifecycle:
    lifecycle = Lifecycle()
    for step in itertools.takewhile(lambda item: lifecycle.state is not state, _WAY):
        lifecycle.to(step)
    return lifecycle


def test_started_is_latched_by_ready() -> None:
    lifecycle = Lifecycle()
    seen = [lifecycle.started]
    for step in _WAY:
        lifecycle.to(step)
        seen.append(lifecycle.started)
    assert seen == [False, False, False, True, True, True]


def test_only_ready_is_ready() -> None:
    assert [_at(state).ready for state in (State.STARTING, *_WAY)] == [
        False,
        False,
        False,
        True,
        False,
        False,
    ]


@given(st.lists(st.sampled_from(list(State))))
def test_no_way_leads_to_ready_but_the_whole_one(steps: list[State]) -> None:
    lifecycle, taken = Lifecycle(), [State.STARTING]
    for step in steps:
        if step in NEXT[lifecycle.state]:
            lifecycle.to(step)
            taken.append(step)
        else:
            with pytest.raises(IllegalTransitionError):
                lifecycle.to(step)
    assert lifecycle.started == (taken[:4] == [State.STARTING, State.LOADING, State.WARMING, State.READY])
    assert len(set(taken)) == len(taken)


def test_retired_is_unready_and_comes_back() -> None:
    lifecycle = _at(State.READY)
    lifecycle.retire(retired=True)
    assert (lifecycle.state, lifecycle.ready, lifecycle.started, lifecycle.leaving) == (
        State.DRAINING,
        False,
        True,
        True,
    )
    assert not lifecycle.ending
    lifecycle.retire(retired=False)
    assert (lifecycle.state, lifecycle.ready, lifecycle.leaving) == (State.READY, True, False)


def test_retired_while_loading_comes_up_retired() -> None:
    lifecycle = _at(State.LOADING)
    lifecycle.retire(retired=True)
    assert lifecycle.state is State.LOADING
    lifecycle.to(State.WARMING)
    lifecycle.to(State.READY)
    assert (lifecycle.started, lifecycle.ready) == (True, False)


def test_retiring_twice_keeps_the_first_time() -> None:
    now = [10.0]
    lifecycle = Lifecycle(clock=lambda: now[0])
    lifecycle.retire(retired=True)
    now[0] = 13.0
    lifecycle.retire(retired=True)
    assert lifecycle.retired_for == 3.0


def test_failing_needs_to_be_before_ready() -> None:
    early = _at(State.LOADING)
    assert early.fail("no weights")
    assert (early.state, early.reason) == (State.FAILED, "no weights")
    late = _at(State.READY)
    assert not late.fail("too late")
    assert late.reason == ""


def test_phases_are_consecutive_and_add_up() -> None:
    now = [100.0]
    cold = ColdStart(already=0.5, clock=lambda: now[0])
    for phase, seconds in ((Phase.LOAD, 2.0), (Phase.WARMUP, 3.0), (Phase.IMPORTS, 1.0)):
        now[0] += seconds
        cold.begin(phase)
    assert cold.seconds_in_phase == 0.0
    now[0] += 0.25
    cold.finish()
    now[0] += 50.0
    cold.finish()
    assert cold.done() == {Phase.PROCESS_START: 0.5, Phase.IMPORTS: 2.25, Phase.LOAD: 3.0, Phase.WARMUP: 1.0}
    assert cold.total == sum(cold.done().values())
    assert cold.current is None


def test_a_phase_that_comes_again_is_added_to() -> None:
    now = [0.0]
    cold = ColdStart(already=0.0, clock=lambda: now[0])
    for phase in (Phase.LOAD, Phase.COMPILE, Phase.LOAD, Phase.WARMUP):
        now[0] += 1.0
        cold.begin(phase)
    now[0] += 1.0
    cold.finish()
    wanted = {Phase.IMPORTS: 1.0, Phase.LOAD: 2.0, Phase.COMPILE: 1.0, Phase.WARMUP: 1.0}
    assert cold.done() == {Phase.PROCESS_START: 0.0, **wanted}
    assert cold.total == sum(cold.done().values()) == 5.0


def test_time_since_exec_is_known() -> None:
    assert 0.0 < seconds_since_exec() < 24 * 3600
