"""promtool, and the alerts of the chart as a file that it reads."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.paths import Paths
from hack.cluster.prometheus import find_prometheus


def promtool(*arguments: str, stdin: str | None = None) -> str:
    """Run promtool and return all it says; it must succeed."""
    program = find_prometheus(Paths.from_environment().cache) / "promtool"
    done = subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def write_rules(manifests: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Write the rules of a rendered PrometheusRule as Prometheus itself reads them."""
    (rule,) = [each for each in manifests if each["kind"] == "PrometheusRule"]
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rule["spec"]["groups"]}))
    return file


def fires(
    rules: Path, alert: str, *, series: Mapping[str, str], at: str, labels: Mapping[str, str] | None
) -> None:
    """Hold an alert against series: it fires with these labels, or (None) does not fire."""
    wanted = [] if labels is None else [{"exp_labels": dict(labels)}]
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": wanted}],
            }
        ],
    }
    file = rules.with_name("test.yaml")
    file.write_text(json.dumps(_without_annotations(test, rules, alert)))
    promtool("test", "rules", str(file))


def _without_annotations(test: dict[str, Any], rules: Path, alert: str) -> dict[str, Any]:
    """promtool compares annotations too; what they say is not under test, so they are left out of the rules."""
    groups = yaml.safe_load(rules.read_text())["groups"]
    for group in groups:
        group["rules"] = [{k: v for k, v in each.items() if k != "annotations"} for each in group["rules"]]
    bare = rules.with_name("bare.yaml")
    bare.write_text(yaml.safe_dump({"groups": groups}))
    assert any(each["alert"] == alert for group in groups for each in group["rules"])
    return test | {"rule_files": [str(bare)]}
