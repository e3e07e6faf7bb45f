"""What is read without kubectl, and what is left to it."""

import pytest

from hack.cluster.reader import Query


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ("pods", Query("pods")),
        ("wmp minilm -n shop", Query("wmp", "minilm", "shop")),
        ("pods -A", Query("pods", namespace="")),
        ("pods -n shop -l app=a,tier!=b", Query("pods", namespace="shop", labels="app=a,tier!=b")),
        (
            "events -n shop --field-selector reason=Killing",
            Query("events", "", "shop", fields="reason=Killing"),
        ),
        ("hpa minilm --show-managed-fields", Query("hpa", "minilm", managed_fields=True)),
    ],
)
def test_the_usual_arguments_are_understood(arguments: str, query: Query) -> None:
    assert Query.of(arguments.split()) == query


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "pods -o name",
        "deployments,services",
        "pod/one",
        "pods a b",
        "pods --watch",
        "hpa.v1.autoscaling x",
    ],
)
def test_everything_else_is_kubectls(arguments: str) -> None:
    assert Query.of(arguments.split()) is None
