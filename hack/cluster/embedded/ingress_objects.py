"""Objects that ingress-nginx needs in the embedded cluster: rights, settings, class, webhook."""

from collections.abc import Mapping, Sequence

from hack.cluster.embedded.addons import Object, cluster_binding, cluster_role
from hack.cluster.embedded.configuration import PAUSE_IMAGE

NAMESPACE = "ingress-nginx"
CLASS = "nginx"
CONTROLLER = "k8s.io/ingress-nginx"
SETTINGS = "ingress-nginx-controller"
USER = "ingress-nginx"
# The controller reads its own Pod at start; it runs as a process of the host, so this Pod never does.
ANCHOR = "ingress-nginx-controller"

_WEBHOOK_NAME = "validate.nginx.ingress.kubernetes.io"


def ingress_objects(*, authority: str, webhook: str, folder: str) -> Sequence[tuple[str, Object]]:
    """Pairs of path and object, in the order in which they are to be applied.

    Args:
        authority: Certificate of the cluster's authority in base64, with which the webhook is proved.
        webhook: URL of the webhook.
        folder: Where nginx writes its logs.
    """
    namespaced = f"/api/v1/namespaces/{NAMESPACE}"
    return [
        (namespaced, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}),
        cluster_role(USER, _RULES),
        cluster_binding(USER, USER, USER),
        (f"{namespaced}/configmaps/{SETTINGS}", _settings(folder)),
        (f"{namespaced}/pods/{ANCHOR}", _anchor()),
        (
            f"/apis/networking.k8s.io/v1/ingressclasses/{CLASS}",
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "IngressClass",
                "metadata": {"name": CLASS},
                "spec": {"controller": CONTROLLER},
            },
        ),
        _webhook(authority, webhook),
    ]


# As in the controller's own chart, but for leader election and the status of Ingresses, which are off.
_RULES: Sequence[Object] = [
    {
        "apiGroups": [""],
        "resources": ["configmaps", "endpoints", "namespaces", "nodes", "pods", "secrets", "services"],
        "verbs": ["get", "list", "watch"],
    },
    {
        "apiGroups": ["networking.k8s.io"],
        "resources": ["ingresses", "ingressclasses"],
        "verbs": ["get", "list", "watch"],
    },
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
]


def _settings(folder: str) -> Object:
    data: Mapping[str, str] = {
        # Debian 12 has nginx 1.22, which does not know `http2 on`.
        "use-http2": "false",
        "bind-address": "127.0.0.1",
        "main-snippet": "include /etc/nginx/modules-enabled/*.conf;",
        "worker-processes": "2",
        # The controller's own default is 503, which a client cannot tell from "no endpoints".
        "limit-req-status-code": "429",
        "limit-conn-status-code": "429",
        "access-log-path": f"{folder}/access.log",
        "error-log-path": f"{folder}/error.log",
    }
    metadata = {"name": SETTINGS, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _anchor() -> Object:
    metadata = {"name": ANCHOR, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": USER}}
    container = {"name": "controller", "image": PAUSE_IMAGE, "imagePullPolicy": "Never"}
    spec = {"schedulerName": "none", "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _webhook(authority: str, url: str) -> tuple[str, Object]:
    name = "ingress-nginx-admission"
    rule = {
        "apiGroups": ["networking.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["ingresses"],
    }
    # The chart's webhook judges every Ingress; this one those of its class, so that a controller that was killed
    # does not stop other tests.
    condition = {"name": "class", "expression": f"object.spec.?ingressClassName.orValue('') == '{CLASS}'"}
    webhook = {
        "name": _WEBHOOK_NAME,
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": url, "caBundle": authority},
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "matchConditions": [condition],
        "rules": [rule],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    manifest = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [webhook],
    }
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{name}"
    return path, manifest
