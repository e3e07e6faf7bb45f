"""What the chart renders, against the schemas of the cluster itself."""

from pathlib import Path

import pytest

from hack.chart import install_yaml
from hack.cluster.commands import run
from hack.cluster.kubectl import Kubectl
from tests.e2e.support.conform import kubeconform, write_schemas
from tests.e2e.support.operator import RELEASE

CHART = Path(__file__).parents[2] / "charts/warmpool"


@pytest.fixture(scope="module")
def schemas(kubectl: Kubectl, operator: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(kubectl, folder)
    return folder


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="default"),
        pytest.param(["--set=networkPolicy.enabled=true,rbac.scope=namespace"], id="namespaced"),
    ],
)
def test_kubeconform_knows_every_field(helm: str, schemas: Path, values: list[str]) -> None:
    rendered = run([helm, "template", RELEASE, str(CHART), *values]).stdout
    done = kubeconform(rendered, schemas)
    assert done.returncode == 0, done.stdout
    assert "Invalid: 0, Errors: 0, Skipped: 0" in done.stdout
    wrong = kubeconform(rendered.replace("serviceAccountName:", "serviceAcountName:"), schemas)
    assert "serviceAcountName" in wrong.stdout, "it can say no"


def test_install_yaml_conforms_and_is_accepted(helm: str, kubectl: Kubectl, schemas: Path) -> None:
    text = install_yaml.render(helm)
    done = kubeconform(text, schemas)
    assert done.returncode == 0, done.stdout
    flags = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    assert kubectl("apply", *flags, "-f", "-", stdin=text).count("(server dry run)") == text.count("\nkind: ")
