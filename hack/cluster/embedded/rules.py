"""Take the cluster's chains out of the host's packet filter.

Invariant: rules of other programs are written back as they were. Chains of kube-proxy and the kubelet begin
with `KUBE-`; a chain of the CNI plugins is ours when a rule with the name of our pod network jumps to it.
"""

import re
import shutil
from collections.abc import Sequence

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run
from hack.cluster.console import say
from hack.cluster.embedded.network import POD_NETWORK

_FAMILIES = ("iptables", "ip6tables")
_CHAIN = re.compile(r"(?:^:|-A |-j |-g )((?:KUBE|CNI)-[A-Za-z0-9-]+)")
_BUILT_IN = re.compile(r":([A-Z]+) ACCEPT\b")
_SHARED = "CNI-HOSTPORT-"


def remove_rules() -> None:
    """Remove our rules from every table; a table that nobody else uses goes too."""
    for family in _FAMILIES:
        for table, lines in _saved(family).items():
            kept = without_cluster(lines)
            if len(kept) == len(lines):
                continue
            say(f"removing {len(lines) - len(kept)} lines from the {table} table of {family}")
            run([f"{family}-restore", "-T", table], stdin="\n".join(kept) + "\n")
            if is_unused(kept):
                _delete_table(family, table, kept)


def _delete_table(family: str, table: str, lines: Sequence[str]) -> None:
    for line in lines:
        if match := _BUILT_IN.match(line):
            run([family, "-w", "5", "-t", table, "-X", match.group(1)], check=False)
    if shutil.which("nft") is None:
        return
    name = ["ip6" if family == "ip6tables" else "ip", table]
    listed = run(["nft", "list", "table", *name], check=False)
    if listed.returncode == 0 and "chain" not in listed.stdout and "set" not in listed.stdout:
        run(["nft", "delete", "table", *name], check=False)


def count_rules() -> int:
    """How many lines of the packet filter are ours."""
    tables = [lines for family in _FAMILIES for lines in _saved(family).values()]
    return sum(len(lines) - len(without_cluster(lines)) for lines in tables)


def without_cluster(lines: Sequence[str]) -> list[str]:
    """The output of `iptables-save` less everything that belongs to our cluster."""
    ours = {
        chain
        for line in lines
        for chain in _CHAIN.findall(line)
        if chain.startswith("KUBE-") or (POD_NETWORK in line and not chain.startswith(_SHARED))
    }
    kept = [line for line in lines if not ours.intersection(_CHAIN.findall(line))]
    if ours and not any("CNI-DN-" in line for line in kept):
        kept = [line for line in kept if not any(c.startswith(_SHARED) for c in _CHAIN.findall(line))]
    return kept


def is_unused(lines: Sequence[str]) -> bool:
    """Whether a saved table holds nothing but built-in chains that accept everything."""
    return all(line.startswith(("#", "*", "COMMIT")) or _BUILT_IN.match(line) for line in lines)


def split_tables(saved: str) -> dict[str, list[str]]:
    """The output of `iptables-save`, by table, each part fit for `iptables-restore`."""
    tables: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            lines = tables.setdefault(line[1:], [])
        if not line.startswith("#"):
            lines.append(line)
    return tables


def _saved(family: str) -> dict[str, list[str]]:
    # All tables at once: asking for one by its name would create it.
    try:
        done = run([f"{family}-save"], check=False)
    except ClusterError:
        return {}
    return split_tables(done.stdout) if done.returncode == 0 else {}
