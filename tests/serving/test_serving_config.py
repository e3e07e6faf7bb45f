import argparse
from dataclasses import fields

import pytest

from warmpool_serving.config import (
    ConfigError,
    Settings,
    add_flags,
    env_name,
    flag_name,
    read_settings,
    setting_rows,
    unknown_variables,
)


def test_defaults_when_nothing_is_set() -> None:
    settings = read_settings({})
    assert (settings.port, settings.admin_port, settings.container_concurrency) == (8080, 8081, 8)
    assert settings.max_queue is None
    assert settings.drain_propagation_seconds == 5


def test_variables_are_read() -> None:
    env = {
        "WARMPOOL_PORT": "9000",
        "WARMPOOL_MAX_QUEUE": "0",
        "WARMPOOL_FAKE_WRONG": "true",
        "WARMPOOL_ENGINE": "FAKE",
    }
    settings = read_settings(env)
    assert settings.port == 9000
    assert settings.max_queue == 0
    assert settings.fake_wrong is True
    assert settings.engine == "fake"


def test_flag_beats_variable() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    flags = vars(parser.parse_args(["--container-concurrency", "3"]))
    assert read_settings({"WARMPOOL_CONTAINER_CONCURRENCY": "5"}, flags).container_concurrency == 3


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("WARMPOOL_PORT", "http", "'http' is not a whole number"),
        ("WARMPOOL_PORT", "70000", "70000 is not between 0 and 65535"),
        ("WARMPOOL_ENGINE", "onxx", "'onxx' is none of auto, onnx"),
        ("WARMPOOL_CONTAINER_CONCURRENCY", "0", "0 is not between 1"),
        ("WARMPOOL_MAX_QUEUE", "-1", "-1 is not between 0"),
        ("WARMPOOL_DRAIN_TIMEOUT_SECONDS", "soon", "'soon' is not a number"),
        ("WARMPOOL_FAKE_WRONG", "perhaps", "'perhaps' is neither true nor false"),
    ],
)
def test_a_wrong_value_is_told_with_its_name(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert says in str(caught.value)


def test_a_service_called_warmpool_does_not_set_the_port() -> None:
    env = {
        "WARMPOOL_PORT": "tcp://10.96.3.7:80",
        "WARMPOOL_SERVICE_HOST": "10.96.3.7",
        "WARMPOOL_PORT_80_TCP": "x",
    }
    assert read_settings(env).port == 8080
    assert unknown_variables(env) == []


def test_unknown_variables_are_found() -> None:
    assert unknown_variables({"WARMPOOL_MODLE_NAME": "x", "PATH": "/"}) == ["WARMPOOL_MODLE_NAME"]


def test_secrets_have_no_flag() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    offered = parser.format_help()
    assert "--admin-token" not in offered
    assert "--model-path" in offered


def test_every_setting_is_in_the_table() -> None:
    assert [row[0] for row in setting_rows()] == [env_name(item.name) for item in fields(Settings)]
    assert all(about for _, _, about in setting_rows())
    assert flag_name("max_queue") == "--max-queue"
