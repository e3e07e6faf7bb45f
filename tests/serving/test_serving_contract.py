"""What the operator relies on, checked against the running server: names of settings, the load report, paths."""

from collections.abc import Callable
from typing import Any

from warmpool_operator.api import names as operator_names
from warmpool_operator.observe import load
from warmpool_serving import names
from warmpool_serving.config import setting_rows

TOKEN = "a-token-of-the-pool"


def _constants(owner: type) -> set[str]:
    return {value for name, value in vars(owner).items() if name.isupper() and isinstance(value, str)}


def test_every_variable_that_the_operator_sets_is_a_setting() -> None:
    assert _constants(operator_names.Env) <= {row[0] for row in setting_rows()}


def test_the_paths_are_the_same() -> None:
    assert operator_names.PATH_STARTUP == names.AdminPath.STARTUP
    assert operator_names.PATH_READY == names.AdminPath.READY
    assert operator_names.PATH_LIVE == names.AdminPath.LIVE


def test_the_operator_reads_the_load_report(start: Callable[..., Any]) -> None:
    server = start(engine="fake", max_queue=4).until_ready()
    server.embed()
    report = load.parse(server.load(), at_ms=0)
    assert (report.draining, report.idle, report.slots) == (False, True, 12)
    assert report.sample.accepted == 1
    server.admin("/internal/drain", "POST", token=TOKEN)
    assert load.parse(server.load(), at_ms=0).draining
    server.admin("/internal/drain", "DELETE", token=TOKEN)
    assert not load.parse(server.load(), at_ms=0).draining
