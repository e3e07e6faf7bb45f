"""The rights that the chart grants: the least that the operator and people need."""

from typing import Any

from tests.chart.rendered import NAMESPACED, Render, kinds, one

CHILD = {"get", "list", "watch", "create", "patch"}
RIGHTS = {
    ("warmpool.dev", "warmmodelpools"): {"get", "list", "watch"},
    ("warmpool.dev", "warmmodelpools/status"): {"get", "patch"},
    ("warmpool.dev", "warmmodelpools/finalizers"): {"update"},
    ("apps", "deployments"): CHILD,
    ("apps", "deployments/scale"): {"get", "update", "patch"},
    ("autoscaling", "horizontalpodautoscalers"): CHILD,
    ("", "services"): CHILD,
    ("networking.k8s.io", "ingresses"): CHILD | {"delete"},
    ("discovery.k8s.io", "endpointslices"): {"get", "create", "patch"},
    ("policy", "poddisruptionbudgets"): CHILD,
    ("", "pods"): {"get", "list", "watch", "patch"},
    ("keda.sh", "scaledobjects"): {"list"},
    ("events.k8s.io", "events"): {"list", "create", "patch"},
}


def rights(role: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Verbs by group and resource."""
    return {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_rights_are_these_and_no_others(render: Render) -> None:
    assert rights(one(render(), "ClusterRole")) == RIGHTS
    lease = one(render(leaseName="leader"), "Role", "r-warmpool-lease")
    assert lease["metadata"]["namespace"] == "system"
    create, renew = lease["rules"]
    assert (create["verbs"], renew["verbs"], renew["resourceNames"]) == (
        ["create"],
        ["get", "update"],
        ["leader"],
    )


def test_namespace_scope_grants_nothing_beyond_the_namespaces(render: Render) -> None:
    manifests = render(**NAMESPACED)
    assert not {"ClusterRole", "ClusterRoleBinding"} & set(kinds(manifests))
    roles = {m["metadata"]["namespace"]: m for m in manifests if m["kind"] == "Role"}
    assert roles.keys() == {"a", "b", "system"}
    assert rights(roles["a"]) == rights(roles["b"]) == RIGHTS
    bindings = [m for m in manifests if m["kind"] == "RoleBinding"]
    assert all(binding["subjects"][0]["namespace"] == "system" for binding in bindings)


def test_people_with_edit_get_pools_but_not_their_status(render: Render) -> None:
    edit = one(render(), "ClusterRole", "r-warmpool-edit")
    assert ("warmpool.dev", "warmmodelpools/status") not in rights(edit)
    view = one(render(), "ClusterRole", "r-warmpool-view")
    assert set().union(*rights(view).values()) == {"get", "list", "watch"}
