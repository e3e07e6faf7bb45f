from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from warmpool_serving.policy import BatchLimits, Share, bucket, pick


@dataclass(frozen=True)
class Text:
    tokens: int
    arrived: float = 0.0
    request: int = 0
    fresh: bool = True


@st.composite
def queues(draw: st.DrawFn) -> list[Text]:
    count = draw(st.integers(0, 40))
    begun = {number: draw(st.booleans()) for number in range(count)}
    queue, now = [], 0.0
    for number in range(count):
        now += draw(st.floats(0, 1))
        sizes = draw(st.lists(st.integers(1, 700), min_size=1, max_size=4))
        queue += [Text(tokens, now, number, not begun[number]) for tokens in sizes]
    return queue


limits_ = st.builds(BatchLimits, tokens=st.integers(1, 2000), items=st.integers(1, 64), padded=st.booleans())
shares = st.builds(Share, starts=st.integers(0, 64), idle=st.integers(1, 16))


@given(queues(), limits_, shares, st.floats(0, 40))
def test_a_batch_keeps_every_bound(
    queue: list[Text], limits: BatchLimits, share: Share, urgent: float
) -> None:
    picked = pick(queue, limits=limits, share=share, urgent_before=urgent)
    batch = [queue[index] for index in picked]
    assert picked == sorted(set(picked))
    assert len(batch) <= limits.items
    starting = {item.request for item in batch if item.fresh}
    assert len(starting) <= share.starts
    if len(batch) > 1:
        assert sum(item.tokens for item in batch) <= limits.tokens
        assert len(batch) * max(item.tokens for item in batch) <= limits.area
        assert len(batch) * share.idle < len(queue) + share.idle


@given(queues(), limits_, shares, st.floats(0, 40))
def test_the_oldest_that_may_start_is_in_the_batch(
    queue: list[Text], limits: BatchLimits, share: Share, urgent: float
) -> None:
    picked = pick(queue, limits=limits, share=share, urgent_before=urgent)
    looked_at = range(min(limits.window, len(queue)))
    startable = [index for index in looked_at if share.starts or not queue[index].fresh]
    assert picked[:1] == startable[:1]


@given(queues(), limits_, shares)
def test_everything_is_computed_in_the_end(queue: list[Text], limits: BatchLimits, share: Share) -> None:
    left, rounds = list(queue), 0
    always = Share(starts=max(1, share.starts), idle=share.idle)
    while left:
        picked = pick(left, limits=limits, share=always, urgent_before=0)
        for index in reversed(picked):
            del left[index]
        rounds += 1
        assert rounds <= len(queue)


def test_texts_of_one_length_go_together() -> None:
    queue = [Text(tokens, request=index) for index, tokens in enumerate([10, 200, 12, 220, 9, 210])]
    picked = pick(queue, limits=BatchLimits(tokens=40), share=Share(starts=8), urgent_before=-1)
    assert [queue[index].tokens for index in picked] == [10, 12, 9]


def test_urgent_texts_go_before_those_of_the_same_length() -> None:
    queue = [Text(10, 0.0, 0), Text(100, 0.1, 1), Text(10, 5.0, 2), Text(10, 5.1, 3)]
    picked = pick(queue, limits=BatchLimits(tokens=120), share=Share(starts=8), urgent_before=1.0)
    assert [queue[index].tokens for index in picked] == [10, 100, 10]


def test_idle_workers_share_the_backlog() -> None:
    queue = [Text(5, request=index) for index in range(6)]
    assert len(pick(queue, limits=BatchLimits(), share=Share(starts=8, idle=3), urgent_before=-1)) == 2
    assert len(pick(queue, limits=BatchLimits(), share=Share(starts=8, idle=1), urgent_before=-1)) == 6


def test_nothing_starts_when_nothing_may() -> None:
    queue = [Text(5, request=1), Text(5, request=2, fresh=False)]
    assert pick(queue, limits=BatchLimits(), share=Share(starts=0), urgent_before=-1) == [1]
    assert pick(queue[:1], limits=BatchLimits(), share=Share(starts=0), urgent_before=-1) == []


def test_a_text_larger_than_the_budget_goes_alone() -> None:
    queue = [Text(900, request=1), Text(5, request=2)]
    assert pick(queue, limits=BatchLimits(tokens=512), share=Share(starts=8), urgent_before=-1) == [0]


def test_length_classes() -> None:
    assert [bucket(tokens) for tokens in (1, 16, 17, 512, 513)] == [0, 0, 1, 5, 6]
