"""Where load may go: this machine and its test cluster, unless a person says otherwise."""

import ipaddress

from yarl import URL

OWN_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "10.96.0.0/16", "10.244.0.0/16", "10.200.0.1/32")
)
"""Loopback; Services, pods and node of the embedded test cluster."""


class ForeignDestinationError(ValueError):
    """Load was asked to go somewhere that is not known to be a test system."""


def check_destination(url: str, *, allow_any: bool = False) -> URL:
    """Return `url` parsed, if load may be sent there.

    Names other than `localhost` are refused rather than looked up: what a name means can change between the look
    and the load.

    Raises:
        ForeignDestinationError: it is not loopback and not in the test cluster, and `allow_any` is not given.
        ValueError: it is no http or https URL.
    """
    parsed = URL(url)
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(f"{url!r} is no http:// or https:// address")
    if not allow_any and not _own(parsed.host):
        raise ForeignDestinationError(
            f"{parsed.host} is neither this machine nor the test cluster: load could harm others."
            " Give --allow-any if that system is yours."
        )
    return parsed


def _own(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in OWN_NETWORKS)
