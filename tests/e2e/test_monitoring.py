"""The chart's alerts on series that a real Prometheus has scraped from the real operator."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from hack.cluster import Backend
from hack.cluster.kubectl import Kubectl
from tests.chart.promtool import fires, promtool, write_rules
from tests.e2e.support.pools import PoolHandle, spec
from tests.e2e.support.scraping import METRICS, Prometheus

pytestmark = pytest.mark.usefixtures("operator")
CHART = Path(__file__).parents[2] / "charts/warmpool"


@pytest.fixture(scope="module")
def rules(helm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    argv = [helm, "template", "r", str(CHART), "--set=metrics.prometheusRule.enabled=true"]
    rendered = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
    manifests = [each for each in yaml.safe_load_all(rendered) if each]
    return write_rules(manifests, tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def prometheus(
    cluster: Backend, rules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    with Prometheus(cluster.kubeconfig, rules, tmp_path_factory.mktemp("prometheus")) as server:
        yield server


@pytest.fixture(scope="module")
def starved(kubectl: Kubectl, make_namespace: Callable[[], str]) -> PoolHandle:
    """A pool that no node can hold."""
    pool = PoolHandle(kubectl, make_namespace(), "starved")
    pool.apply(spec(server={"resources": {"requests": {"memory": "900Gi"}}}))
    return pool


def test_alerts_fire_on_scraped_series(
    prometheus: Prometheus, rules: Path, tmp_path: Path, starved: PoolHandle
) -> None:
    where = f'namespace="{starved.namespace}",pool="starved"'
    for alert, condition, value, at in (
        ("WarmpoolBelowFloor", "Warm", "0", "6m"),
        ("WarmpoolStartupFailing", "Unschedulable", "1", "3m"),
    ):
        (found,) = prometheus.wait(f'warmpool_pool_condition{{{where},condition="{condition}"}} == {value}')
        scraped = found["metric"]
        labels = ",".join(f'{name}="{text}"' for name, text in scraped.items() if name != "__name__")
        expected = {name: text for name, text in scraped.items() if name != "__name__"}
        expected["severity"] = "critical" if alert == "WarmpoolBelowFloor" else "warning"
        own = tmp_path / "rules.yaml"
        own.write_text(rules.read_text())
        series = {f"{scraped['__name__']}{{{labels}}}": f"{found['value'][1]}x20"}
        fires(own, alert, series=series, at=at, labels=expected)


def test_the_server_takes_every_rule_and_sees_the_pool_in_trouble(
    prometheus: Prometheus, starved: PoolHandle
) -> None:
    prometheus.wait(f'ALERTS{{alertname="WarmpoolBelowFloor",namespace="{starved.namespace}"}}')
    known = prometheus.rules()
    assert {rule["name"]: rule["lastError"] for rule in known if rule["health"] == "err"} == {}
    assert len(known) == 8


def test_promtool_finds_nothing_wrong_with_what_the_operator_serves(kubectl: Kubectl) -> None:
    served = kubectl("get", "--raw", METRICS)
    assert "warmpool_operator_build_info" in served
    text = "\n".join(line for line in served.splitlines() if "_created" not in line)
    promtool("check", "metrics", stdin=text + "\n")
