"""Dashboard and alerts: every metric exists, every rule fires when it should and rests when it should."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from tests.chart.promtool import fires, promtool, write_rules
from warmpool_operator.telemetry import names
from warmpool_operator.telemetry.metrics import OperatorMetrics, QueueMetrics
from warmpool_operator.telemetry.pool_metrics import PoolMetrics

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "charts/warmpool/files/dashboard.json"
Render = Callable[..., list[dict[str, Any]]]
POOL = 'namespace="team",pool="minilm"'
ALL = {
    "metrics.prometheusRule.enabled": True,
    "metrics.podMonitor.enabled": True,
    "metrics.dashboard.enabled": True,
}


def condition(kind: str) -> str:
    return f'warmpool_pool_condition{{{POOL},condition="{kind}"}}'


def buckets(name: str, labels: str, values: Mapping[str, str]) -> dict[str, str]:
    """Series of a histogram; values by upper bound."""
    return {f'{name}_bucket{{{labels}le="{bound}"}}': values for bound, values in values.items()}


SLOW = buckets(
    names.POOL_COLD_START, f'{POOL},phase="total",', {"80": "0x300", "160": "0+1x300", "+Inf": "0+1x300"}
)
QUICK = buckets(
    names.POOL_COLD_START, f'{POOL},phase="total",', {"80": "0+1x300", "160": "0+1x300", "+Inf": "0+1x300"}
)
ONE_PHASE = {key.replace("total", "load"): value for key, value in SLOW.items()}
LATE = buckets(names.CONTROL_LOOP_LAG, "", {"0.5": "0x100", "1": "0+60x100", "+Inf": "0+60x100"})
IN_TIME = buckets(names.CONTROL_LOOP_LAG, "", {"0.5": "0+60x100", "1": "0+60x100", "+Inf": "0+60x100"})


def requests(warm: str, cold: str) -> dict[str, str]:
    return {f"{names.POOL_WARM_HITS}{{{POOL}}}": warm, f"{names.POOL_COLD_REQUESTS}{{{POOL}}}": cold}


LEADER = f'{names.LEADER_STATUS}{{name="warmpool"}}'
CASES: list[tuple[str, dict[str, str], str, bool]] = [
    ("WarmpoolBelowFloor", {condition("Warm"): "0x20"}, "6m", True),
    ("WarmpoolBelowFloor", {condition("Warm"): "0x20"}, "4m", False),
    ("WarmpoolBelowFloor", {condition("Warm"): "1x20"}, "6m", False),
    ("WarmpoolStartupFailing", {condition("StartupFailing"): "1x20"}, "3m", True),
    ("WarmpoolStartupFailing", {condition("Unschedulable"): "1x20"}, "3m", True),
    ("WarmpoolStartupFailing", {condition("StartupFailing"): "0x20"}, "3m", False),
    ("WarmpoolColdStartSlow", SLOW, "70m", True),
    ("WarmpoolColdStartSlow", QUICK, "70m", False),
    ("WarmpoolColdStartSlow", ONE_PHASE, "70m", False),
    ("WarmpoolWarmHitsLow", requests("0+9x60", "0+1x60"), "20m", True),
    ("WarmpoolWarmHitsLow", requests("0+99x60", "0+1x60"), "20m", False),
    ("WarmpoolWarmHitsLow", requests("0x60", "0x60"), "20m", False),
    ("WarmpoolScalingLimited", {condition("ScalingLimited"): "1x40"}, "12m", True),
    ("WarmpoolScalingLimited", {condition("ScalingLimited"): "1x10 0x30"}, "12m", False),
    ("WarmpoolBlind", {condition("MetricsFresh"): "0x20"}, "3m", True),
    ("WarmpoolBlind", {condition("MetricsFresh"): "1x20"}, "3m", False),
    ("WarmpoolOperatorLagging", LATE, "20m", True),
    ("WarmpoolOperatorLagging", IN_TIME, "20m", False),
    ("WarmpoolNoOperator", {"up": "1x20"}, "3m", True),
    ("WarmpoolNoOperator", {LEADER: "1x20"}, "3m", False),
    ("WarmpoolNoOperator", {LEADER: "0x20"}, "3m", True),
]
SEVERITY = {"WarmpoolBelowFloor": "critical", "WarmpoolNoOperator": "critical"}


def labels_of(alert: str, series: Mapping[str, str]) -> dict[str, str]:
    labels = {"severity": SEVERITY.get(alert, "warning")}
    if any(POOL in name for name in series):
        labels |= {"namespace": "team", "pool": "minilm"}
    if found := re.search(r'condition="(\w+)"', next(iter(series))):
        labels["condition"] = found[1]
    return labels


@pytest.fixture(scope="module")
def rules(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rules(render(**ALL), tmp_path_factory.mktemp("rules"))


def test_promtool_accepts_the_alerts(rules: Path) -> None:
    assert "SUCCESS: 8 rules found" in promtool("check", "rules", str(rules))


@pytest.mark.parametrize(("alert", "series", "at", "fired"), CASES)
def test_alerts_fire_when_they_should(
    rules: Path, tmp_path: Path, alert: str, series: dict[str, str], at: str, fired: bool
) -> None:
    own = tmp_path / "rules.yaml"
    own.write_text(rules.read_text())
    fires(own, alert, series=series, at=at, labels=labels_of(alert, series) if fired else None)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not(rules: Path) -> None:
    alerts = {
        each["alert"] for group in yaml.safe_load(rules.read_text())["groups"] for each in group["rules"]
    }
    assert alerts == {alert for alert, _, _, fired in CASES if fired}
    assert alerts == {alert for alert, _, _, fired in CASES if not fired}


def test_thresholds_are_values(render: Render, tmp_path: Path) -> None:
    values = {
        "metrics.prometheusRule.coldStartP99Seconds": 7.5,
        "metrics.prometheusRule.warmHitRatio": 0.5,
        "metrics.prometheusRule.loopLagSeconds": 2,
    }
    text = write_rules(render(**ALL, **values), tmp_path).read_text()
    assert all(f"{sign} {number}" in text for sign, number in ((">", 7.5), ("<", 0.5), (">", 2)))


def test_runbooks_lead_somewhere(rules: Path) -> None:
    for group in yaml.safe_load(rules.read_text())["groups"]:
        for rule in group["rules"]:
            page, _, anchor = rule["annotations"]["runbook"].partition("#")
            text = (ROOT / page).read_text()
            headings = {
                re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
            }
            assert not anchor or anchor in headings, rule["annotations"]["runbook"]


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_promtool_accepts_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    plain = [
        text.replace("$__rate_interval", "1m").replace("$namespace", ".*").replace("$pool", ".*")
        for text in expressions()
    ]
    group = {"name": "panels", "rules": [{"record": f"panel:{n}", "expr": e} for n, e in enumerate(plain)]}
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [group]}))
    promtool("check", "rules", str(file))


def test_what_is_drawn_and_alerted_on_is_measured(rules: Path) -> None:
    known = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    used = set(
        re.findall(r"\b((?:warmpool|leader|rest)_[a-z0-9_]+)", " ".join(expressions()) + rules.read_text())
    )
    assert used
    assert {
        re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name for name in used
    } <= known


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_pod_monitor_finds_pools_where_they_are_served(render: Render) -> None:
    def monitor(**values: Any) -> Any:
        return next(each for each in render(**ALL, **values) if each["kind"] == "PodMonitor")["spec"]

    assert monitor()["namespaceSelector"] == {"any": True}
    assert monitor(watchNamespaces=["a", "b"])["namespaceSelector"] == {"matchNames": ["a", "b"]}
    assert monitor()["podMetricsEndpoints"][0]["port"] == "admin"


def test_promtool_finds_nothing_wrong_with_the_metrics() -> None:
    registry = CollectorRegistry()
    OperatorMetrics(registry, version="1")
    QueueMetrics(registry)
    pools = PoolMetrics(registry)
    pools.set_replicas("n", "p", {})
    pools.set_bounds("n", "p", floor=1, ceiling=2)
    pools.set_conditions("n", "p", {"Ready": 1})
    pools.observe_cold_start("n", "p", "total", 1.5)
    pools.decided("n", "p", "Floor")
    # `_created` series are what the client library adds to every counter; nobody named them.
    text = "\n".join(
        line for line in generate_latest(registry).decode().splitlines() if "_created" not in line
    )
    promtool("check", "metrics", stdin=text + "\n")
