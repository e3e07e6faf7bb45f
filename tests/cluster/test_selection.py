"""Which cluster is chosen, and that a context that was not named is never touched."""

import json
from pathlib import Path

import pytest

from hack.cluster.backend import ClusterError
from hack.cluster.embedded.backend import EmbeddedBackend
from hack.cluster.kind import KindBackend
from hack.cluster.named import NamedBackend
from hack.cluster.selection import select_backend


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose current context is somebody's production."""
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "production"}))
    return {
        "KUBECONFIG": str(kubeconfig),
        "WARMPOOL_STATE": str(tmp_path / "state"),
        "WARMPOOL_CACHE": str(tmp_path / "cache"),
    }


@pytest.mark.parametrize("usable", [True, False])
def test_the_current_context_never_decides(environ: dict[str, str], usable: bool) -> None:
    backend = select_backend(environ=environ, kind_is_usable=lambda: usable)
    assert isinstance(backend, KindBackend if usable else EmbeddedBackend)
    assert backend.kubeconfig.is_relative_to(environ["WARMPOOL_STATE"])


def test_a_named_context_wins(environ: dict[str, str]) -> None:
    environ["WARMPOOL_E2E_CONTEXT"] = "mine"
    backend = select_backend(environ=environ, kind_is_usable=lambda: pytest.fail("kind was asked"))
    assert isinstance(backend, NamedBackend)
    assert backend.kubeconfig.is_relative_to(environ["WARMPOOL_STATE"])


def test_the_argument_wins_over_the_environment(environ: dict[str, str]) -> None:
    environ["WARMPOOL_E2E_CONTEXT"] = "mine"
    backend = select_backend(context="kind-other", environ=environ)
    with pytest.raises(ClusterError, match="logs of context kind-other"):
        backend.logs(None, lines=1)


def test_an_empty_name_names_nothing(environ: dict[str, str]) -> None:
    environ["WARMPOOL_E2E_CONTEXT"] = ""
    assert isinstance(select_backend(environ=environ, kind_is_usable=lambda: False), EmbeddedBackend)


def test_a_blank_name_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ClusterError, match="no context was named"):
        select_backend(context="  ", environ=environ)


@pytest.mark.parametrize(("wanted", "kind"), [("kind", KindBackend), ("embedded", EmbeddedBackend)])
def test_the_backend_can_be_forced(environ: dict[str, str], wanted: str, kind: type) -> None:
    environ["WARMPOOL_E2E_BACKEND"] = wanted
    assert isinstance(select_backend(environ=environ, kind_is_usable=lambda: wanted != "kind"), kind)


def test_an_unknown_backend_is_refused(environ: dict[str, str]) -> None:
    environ["WARMPOOL_E2E_BACKEND"] = "minikube"
    with pytest.raises(ClusterError, match="may be kind or embedded"):
        select_backend(environ=environ)


def test_context_and_backend_together_are_refused(environ: dict[str, str]) -> None:
    environ["WARMPOOL_E2E_BACKEND"] = "kind"
    with pytest.raises(ClusterError, match="give one"):
        select_backend(context="mine", environ=environ)


def test_images_of_a_remote_cluster_come_from_a_registry(environ: dict[str, str]) -> None:
    with pytest.raises(ClusterError, match="push app:1"):
        select_backend(context="remote", environ=environ).load(["app:1"])


def test_a_context_that_does_not_exist_is_refused_and_leaves_nothing(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in that answers as kubectl does, since a unit test may run where none is installed.
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\necho 'error: no context exists with the name: \"mine\"' >&2\nexit 1\n")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    backend = select_backend(context="mine", environ=environ)
    with pytest.raises(ClusterError, match="no context 'mine'"):
        backend.up()
    assert not backend.kubeconfig.exists()
