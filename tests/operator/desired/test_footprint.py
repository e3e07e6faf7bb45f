"""What the memory that pods have used says of their limit, and that it says so once."""

from collections.abc import Iterable

import pytest

from warmpool_operator.desired.footprint import (
    MAX_TEMPLATES,
    SEASONED_REQUESTS,
    Footprint,
    footprint,
    learned,
    too_large,
    too_tight,
)

MEBI = 2**20


def used(
    peak: int, *, start: int = 0, requests: int = SEASONED_REQUESTS, template: str = "a"
) -> tuple[Footprint, ...]:
    return (footprint(template, peak=peak * MEBI, start=start * MEBI, requests=requests),)


def test_bytes_are_rounded_up_and_requests_counted_as_far_as_they_matter() -> None:
    made = footprint("a", peak=MEBI + 1, start=1, requests=SEASONED_REQUESTS + 7)
    assert made == Footprint(template="a", peak_mi=2, start_mi=1, requests=SEASONED_REQUESTS)


@pytest.mark.parametrize(
    ("peak", "limit", "words"),
    [
        (243, "256Mi", None),
        (244, "256Mi", "is 256Mi, and pods used up to 244Mi (200Mi to start): set it to 336Mi"),
        (300, "256Mi", "set it to 400Mi, which leaves a quarter free"),
        (950, "1G", "set it to 1280Mi"),
        (900, "1G", None),
        (900, None, None),
    ],
)
def test_a_limit_that_pods_come_close_to_is_told(peak: int, limit: str | None, words: str | None) -> None:
    told = too_tight(used(peak, start=200), limit)
    assert (told is None) if words is None else (told is not None and words in told)


@pytest.mark.parametrize(
    ("peak", "limit", "words"),
    [
        (212, "2Gi", "is 2Gi, and no pod used more than 212Mi: 288Mi would do, with a quarter of it free"),
        (212, "577Mi", "is 577Mi"),
        (212, "576Mi", None),
        (212, "256Mi", None),
        (212, None, "is not set, and no pod used more than 212Mi: 288Mi would do"),
    ],
)
def test_a_limit_that_is_far_away_or_missing_is_told(peak: int, limit: str | None, words: str | None) -> None:
    told = too_large(used(peak), limit)
    assert (told is None) if words is None else (told is not None and words in told)


def test_a_pod_that_has_only_started_says_nothing_of_a_large_limit() -> None:
    assert too_large(used(212, requests=SEASONED_REQUESTS - 1), "2Gi") is None
    assert too_large((), None) is None
    assert too_tight((), "256Mi") is None


def test_the_largest_template_counts() -> None:
    both = (*used(100), *used(250, template="b"), *used(90, template="c"))
    told = too_tight(both, "256Mi")
    assert told is not None
    assert "250Mi" in told


def walk(peaks: Iterable[int]) -> list[str | None]:
    """What is said along peaks that pods tell one after another."""
    known: tuple[Footprint, ...] = ()
    said = []
    for peak in peaks:
        known = learned(known, used(peak), present={"a"})
        said.append(too_tight(known, "256Mi"))
    return said


def test_what_is_said_once_is_not_taken_back_by_a_smaller_pod() -> None:
    said = walk([100, 250, 90, 250, 91])
    assert said[0] is None
    assert said[1] is not None
    assert set(said[1:]) == {said[1]}


def test_maxima_are_kept_one_by_one() -> None:
    known = learned(used(100, start=90, requests=5), used(80, start=95, requests=9), present={"a"})
    assert known == (Footprint(template="a", peak_mi=100, start_mi=95, requests=9),)


def test_templates_without_pods_are_forgotten_and_a_pool_at_zero_forgets_nothing() -> None:
    known = learned(used(250), used(100, template="b"), present={"a", "b"})
    assert [each.template for each in known] == ["a", "b"]
    assert learned(known, (), present={"b"}) == used(100, template="b")
    assert learned(known, (), present=set()) == known


def test_there_is_an_end_to_what_is_kept() -> None:
    many = [each for number in range(MAX_TEMPLATES + 3) for each in used(9, template=str(number))]
    known = learned((), many, present=set())
    assert [each.template for each in known] == [str(number) for number in range(3, MAX_TEMPLATES + 3)]
