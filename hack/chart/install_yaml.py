"""`make install-yaml`: the chart's defaults as one file for `kubectl apply`.

The key of the pods' tokens is not in it: a key in a file that everybody downloads is none.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from hack.cluster import select_backend
from hack.cluster.kubectl import find_tool

CHART: Final = Path(__file__).parents[2] / "charts" / "warmpool"
NAMESPACE: Final = "warmpool-system"
SECRET: Final = "warmpool-token-key"  # noqa: S105 - its name
HEADER: Final = f"""\
# warmpool for `kubectl apply`, made from charts/warmpool by `make install-yaml`.
#
#   kubectl create namespace {NAMESPACE}
#   kubectl -n {NAMESPACE} create secret generic {SECRET} --from-literal=key="$(openssl rand -hex 32)"
#   kubectl apply --server-side -f install.yaml
#
# The Secret is made by you and once: every pod's token is derived from it, and a new one rolls every pool.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""


def render(helm: str) -> str:
    """Return the file."""
    argv = [helm, "template", "warmpool", str(CHART), "--namespace", NAMESPACE, "--no-hooks"]
    argv += ["--kube-version", "1.34.0", "--set", f"tokenKey.existingSecret={SECRET}"]
    rendered = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return HEADER + rendered.replace(
        "app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: kubectl"
    )


if __name__ == "__main__":
    sys.stdout.write(render(find_tool(select_backend(), "helm")))
