"""Arbitrary rules and observations for the property tests."""

from hypothesis import strategies as st

from warmpool_operator.capacity.types import Observation, Policy

NOW = 1_700_000_000_000

policies = st.builds(
    Policy,
    floor=st.integers(0, 30),
    ceiling=st.integers(1, 40),
    concurrency=st.integers(1, 20),
    utilization_percent=st.integers(1, 100),
    buffer=st.integers(0, 10),
    buffer_percent=st.integers(0, 300),
    buffer_at_zero=st.booleans(),
    scaling_delay_ms=st.sampled_from([0, 5_000]),
    keep_alive_ms=st.sampled_from([0, 1, 10_000, 300_000]),
    scale_in_pods=st.sampled_from([1, 3, 1000]),
    scale_in_period_ms=st.just(10_000),
)
observations = st.builds(
    Observation,
    running=st.integers(0, 200),
    queued=st.integers(0, 200),
    refused=st.integers(0, 100),
    held=st.sampled_from([0, 0, 7, 150]),
    oldest_queued_ms=st.integers(0, 10_000),
    answered=st.integers(0, 20),
    silent=st.integers(0, 20),
    replicas=st.integers(0, 40),
)
published = st.integers(0, 40)
