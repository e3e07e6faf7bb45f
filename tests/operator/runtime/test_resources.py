"""URL paths of kinds and objects."""

import pytest

from warmpool_operator.runtime.resources import DEPLOYMENTS, PODS, ObjectRef, Resource

NODES = Resource("", "v1", "nodes", "Node", namespaced=False)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (PODS.path(), "/api/v1/pods"),
        (PODS.path("team"), "/api/v1/namespaces/team/pods"),
        (
            ObjectRef(DEPLOYMENTS, "team", "x").path("scale"),
            "/apis/apps/v1/namespaces/team/deployments/x/scale",
        ),
        (ObjectRef(NODES, "", "n1").path(), "/api/v1/nodes/n1"),
    ],
)
def test_paths(path, wanted):
    assert path == wanted


def test_words():
    assert (DEPLOYMENTS.api_version, PODS.api_version) == ("apps/v1", "v1")
    assert str(ObjectRef(DEPLOYMENTS, "team", "x")) == "Deployment team/x"
    assert str(ObjectRef(NODES, "", "n1")) == "Node n1"


def test_a_namespace_must_fit_the_kind():
    with pytest.raises(ValueError, match="needs a namespace"):
        ObjectRef(PODS, "", "p").path()
    with pytest.raises(ValueError, match="not namespaced"):
        ObjectRef(NODES, "team", "n1").path()
