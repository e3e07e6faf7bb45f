"""`warmpool explain --at`: which time, which decision, and what another spec would have made of it."""

from datetime import UTC, datetime

import pytest

from tests.operator.capacity.test_record import recorded, traffic
from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.record import Chunk, Record
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.options import Output
from warmpool_operator.console.past import changed, milliseconds, moment_of
from warmpool_operator.console.telling import tell_past
from warmpool_operator.observe.cache import Key
from warmpool_operator.reconcile.records import RecordPage

TODAY = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def record() -> Record:
    made = Record()
    recorded(traffic(700, seed=11), made)
    return made


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-05T09:03:00Z", datetime(2026, 3, 5, 9, 3, tzinfo=UTC)),
        ("2026-03-05T09:03:00.250+02:00", datetime(2026, 3, 5, 7, 3, 0, 250_000, tzinfo=UTC)),
        ("09:03", datetime(2026, 3, 5, 9, 3).astimezone()),
        ("09:03:07", datetime(2026, 3, 5, 9, 3, 7).astimezone()),
    ],
)
def test_times_are_read_as_people_write_them(text: str, wanted: datetime) -> None:
    assert milliseconds(text, now=TODAY) == round(wanted.timestamp() * 1000)


@pytest.mark.parametrize("text", ["soon", "25:00", "2026-13-01T00:00:00Z", ""])
def test_what_is_no_time_is_said_so(text: str) -> None:
    with pytest.raises(ConsoleError, match="not a time") as error:
        milliseconds(text, now=TODAY)
    assert error.value.code is Exit.USAGE


def test_the_decision_in_force_is_the_last_one_before(record: Record) -> None:
    chunks = record.chunks()
    ticks = [tick for chunk in chunks for tick in chunk.ticks]
    for index in (0, 300, 699):
        moment = moment_of(chunks, ticks[index].inputs.now_ms + 1, [])
        assert moment.was.tick is ticks[index]
        assert (moment.exact, moment.would) == (True, None)
    with pytest.raises(ConsoleError, match="does not reach back"):
        moment_of(chunks, ticks[0].inputs.now_ms - 1, [])


def test_a_larger_buffer_would_have_been_more_pods(record: Record) -> None:
    chunks = record.chunks()
    ticks = [tick for chunk in chunks for tick in chunk.ticks]
    demanded = next(t for t in ticks if t.binding == "Demand" and t.desired < 6)
    moment = moment_of(chunks, demanded.inputs.now_ms, ["scaling.concurrencyBuffer=4"])
    assert moment.would is not None
    assert moment.would.decision.desired >= moment.was.decision.desired + 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("concurrencyBuffer=3", "write scaling.FIELD=VALUE"),
        ("scaling.concurrencyBuffer", "write scaling.FIELD=VALUE"),
        ("scaling.minReplicas=-1", "greater than or equal to 0"),
        ("scaling.minReplica=1", "minReplica"),
        ("model.name=x", "write scaling.FIELD=VALUE"),
    ],
)
def test_changes_that_cannot_be_are_refused(record: Record, change: str, says: str) -> None:
    with pytest.raises(ConsoleError, match=says) as error:
        changed(record.chunks()[0], [change])
    assert error.value.code is Exit.USAGE


def test_changes_reach_into_blocks_and_the_server(record: Record) -> None:
    chunk = record.chunks()[0]
    scaling, concurrency = changed(chunk, ["scaling.scaleIn.maxPods=7", "server.containerConcurrency=16"])
    assert (scaling.scale_in.max_pods, concurrency) == (7, 16)
    assert changed(chunk, []) == (chunk.scaling, chunk.concurrency)


def test_what_is_told(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    chunks: list[Chunk] = record.chunks()
    at_ms = chunks[0].ticks[5].inputs.now_ms
    changes = ["scaling.concurrencyBuffer=4"]
    moment = moment_of(chunks, at_ms, changes)
    tell_past("minilm", moment, changes, Output.TEXT)
    said = capsys.readouterr().out
    assert said.startswith("minilm at 2026-01-01T00:00:")
    assert "with scaling.concurrencyBuffer=4: " in said
    tell_past("minilm", moment, changes, Output.JSON)
    assert '"exact": true' in capsys.readouterr().out


def test_the_page_serves_the_record_of_a_pool_and_of_no_other(record: Record) -> None:
    page = RecordPage({Key("ns", "minilm"): record}.get)
    first = record.chunks()[0].ticks[0].inputs.now_ms
    document = page("ns/minilm", {"until": str(first)})
    assert document is not None
    chunks = document["chunks"]
    assert isinstance(chunks, list)
    assert len(chunks) == 1
    assert Scaling.model_validate(chunks[0]["scaling"]) == record.chunks()[0].scaling
    assert page("ns/other", {}) is None
    with pytest.raises(ValueError, match="soon"):
        page("ns/minilm", {"since": "soon"})
