"""Log lines for machines and for people."""

import asyncio
import io
import json
import logging
import re

import pytest

from warmpool_operator.telemetry.logs import QUIET_LOGGERS, log_context, setup_logs


@pytest.fixture(autouse=True)
def logging_as_before():
    loggers = [logging.getLogger(), *map(logging.getLogger, QUIET_LOGGERS)]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def logged(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream():
    stream = io.StringIO()
    setup_logs(stream=stream)
    return stream


def test_one_json_object_a_line(stream):
    logging.getLogger("warmpool_operator.x").info("scaled %s\nto %d", "up", 3)
    [line] = logged(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("ts"))
    assert line == {"level": "info", "logger": "warmpool_operator.x", "msg": "scaled up\nto 3"}


def test_context_nests_and_ends(stream):
    log = logging.getLogger("x")
    with log_context(namespace="team", pool="minilm", uid="u"):
        with log_context(reconcile_id="r1", generation=4):
            log.info("in")
        log.info("out")
    log.info("after")
    first, second, third = logged(stream)
    assert {
        "namespace": "team",
        "pool": "minilm",
        "uid": "u",
        "generation": 4,
        "reconcile_id": "r1",
    }.items() <= first.items()
    assert "reconcile_id" not in second
    assert second["pool"] == "minilm"
    assert "pool" not in third


async def test_context_of_tasks_does_not_mix(stream):
    async def work(pool):
        with log_context(pool=pool):
            await asyncio.sleep(0)
            await asyncio.create_task(child())

    async def child():
        logging.getLogger("x").info("hello")

    await asyncio.gather(work("a"), work("b"))
    assert sorted(line["pool"] for line in logged(stream)) == ["a", "b"]


def test_a_field_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="pod"), log_context(pod="p"):
        pass


def test_a_stack_stays_on_its_line(stream):
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    [line] = logged(stream)
    assert line["level"] == "error"
    assert "RuntimeError: boom" in line["stack"]


def test_others_speak_only_when_it_matters(stream):
    for name in ("kopf.reactor", "aiohttp.access"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble")
    assert [line["msg"] for line in logged(stream)] == ["trouble", "trouble"]


def test_others_speak_when_debugging():
    stream = io.StringIO()
    setup_logs(stream=stream, level="debug")
    logging.getLogger("kopf.reactor").debug("chatter")
    assert logged(stream)[0]["msg"] == "chatter"


def test_at_error_others_are_no_louder_than_the_project():
    stream = io.StringIO()
    setup_logs(stream=stream, level="ERROR")
    logging.getLogger("kopf.reactor").warning("trouble")
    assert stream.getvalue() == ""


def test_handlers_that_others_left_are_replaced():
    left, stream = io.StringIO(), io.StringIO()
    for logger in (logging.getLogger(), logging.getLogger("kopf")):
        logger.addHandler(logging.StreamHandler(left))
    setup_logs(stream=stream)
    logging.getLogger("kopf").warning("trouble")
    assert left.getvalue() == ""
    assert len(logged(stream)) == 1


def test_text_for_people():
    stream = io.StringIO()
    setup_logs(style="text", stream=stream)
    with log_context(namespace="team", pool="minilm"):
        logging.getLogger("x").warning("no answer")
    logging.getLogger("x").info("plain")
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} WARNING team/minilm no answer \[x\]", first)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} INFO    plain \[x\]", second)


def test_an_unknown_level_is_an_error():
    with pytest.raises(ValueError, match="LOUD"):
        setup_logs(level="loud")
