"""Finds the API server: a given kubeconfig, else the pod's service account, else the default kubeconfig."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from warmpool_operator.runtime.errors import ClusterConfigError
from warmpool_operator.runtime.kube_aio import AioKubeClient, RequestObserver

USER_AGENT = "warmpool-operator"
DEFAULT_KUBECONFIG = str(Path("~/.kube/config").expanduser())


async def connect(
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    request_timeout: float = 10.0,
    user_agent: str = USER_AGENT,
    on_request: RequestObserver | None = None,
) -> AioKubeClient:
    """Builds a client without calling the server yet.

    Args:
        kubeconfig: Path of a kubeconfig; wins over the pod's service account.
        context: Context in the kubeconfig; wins over the pod's service account too.
        request_timeout: Seconds for a whole call.
        user_agent: Sent with every request, and seen in audit logs.
        on_request: Called with method, code and host after every request.

    Raises:
        ClusterConfigError: Neither a service account nor a usable kubeconfig is there.
    """
    configuration = await load_configuration(kubeconfig=kubeconfig, context=context)
    api = ApiClient(configuration)
    api.user_agent = user_agent
    return AioKubeClient(api, request_timeout=request_timeout, on_request=on_request)


async def load_configuration(*, kubeconfig: str | None = None, context: str | None = None) -> Configuration:
    """Reads address and credentials; a service-account token is read anew every minute.

    Raises:
        ClusterConfigError: See `connect`.
    """
    configuration = Configuration()
    # Python 3.13 rejects CA certificates without an Authority Key Identifier, which managed
    # clusters hand out; chain, host name and dates are verified all the same.
    configuration.disable_strict_ssl_verification = True
    if kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except (config.ConfigException, OSError) as error:
            raise ClusterConfigError(0, "NoServiceAccount", f"in-cluster configuration: {error}") from error
        return configuration
    path = kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG
    try:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=path, context=context, client_configuration=configuration, persist_config=False
        )
    except (config.ConfigException, OSError, yaml.YAMLError, TypeError, AttributeError) as error:
        # The last two are how the loader fails on YAML of another shape.
        raise ClusterConfigError(
            0, "NoKubeconfig", f"no cluster to talk to: not inside a pod, and kubeconfig {path}: {error}"
        ) from error
    return configuration
