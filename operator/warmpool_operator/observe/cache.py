"""The last known state of everything that belongs to a pool.

Fed by watch events and, because a watch can lose a deletion (events between two watches that a 410 separates
are never replayed), replaced as a whole from live lists whenever a pool is read anew. Nothing here is ever the
only reason to write: writers compare with the live object or are guarded by its resourceVersion.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple

from warmpool_operator.api import names
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.observe.milestones import Milestones, passed


class Key(NamedTuple):
    """Identity of a pool in queues and caches."""

    namespace: str
    name: str


class Cache:
    """Pods and other children by pool. Used from one event loop only.

    Args:
        now_ms: milliseconds since the epoch; dates what pods are seen to pass.
    """

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._milestones: defaultdict[Key, dict[str, Milestones]] = defaultdict(dict)
        self._pods: defaultdict[Key, dict[str, Manifest]] = defaultdict(dict)
        self._children: defaultdict[Key, dict[str, Manifest]] = defaultdict(dict)

    def pods(self, key: Key) -> list[Manifest]:
        """Return the known pods of a pool."""
        return list(self._pods[key].values())

    def milestones(self, key: Key) -> Mapping[str, Milestones]:
        """Return when the pods of a pool were seen to pass what, by uid."""
        return self._milestones[key]

    def child(self, key: Key, kind: str) -> Manifest | None:
        """Return the last known child of a kind, None if there is none or it was never seen."""
        return self._children[key].get(kind)

    def put_pod(self, key: Key, pod: Manifest) -> None:
        """Take over a pod that was added or changed."""
        known = self._pods[key].get(pod["metadata"]["name"])
        if known is None or not _older(pod, known):
            self._pods[key][pod["metadata"]["name"]] = pod
        uid, seen = pod["metadata"]["uid"], self._milestones[key]
        seen[uid] = passed(pod, seen.get(uid), now_ms=self._now_ms())

    def drop_pod(self, key: Key, pod: Manifest) -> None:
        """Forget a pod that is gone, unless a newer one took its name."""
        known = self._pods[key].get(pod["metadata"]["name"])
        if known is not None and known["metadata"]["uid"] == pod["metadata"]["uid"]:
            del self._pods[key][pod["metadata"]["name"]]
        self._milestones[key].pop(pod["metadata"]["uid"], None)

    def put_child(self, key: Key, kind: str, manifest: Manifest) -> None:
        """Take over a child that was added or changed."""
        known = self._children[key].get(kind)
        if known is None or not _older(manifest, known):
            self._children[key][kind] = manifest

    def drop_child(self, key: Key, kind: str) -> None:
        """Forget a child that is gone."""
        self._children[key].pop(kind, None)

    def replace_pods(self, key: Key, pods: Iterable[Manifest], *, before: Container[str]) -> None:
        """Take a live list for the truth, but for what the watch told while the list was under way.

        Args:
            key: the pool.
            pods: the list.
            before: names of the pods that were known when it was asked for. Without them a pod that was deleted
                in between would come back as a ghost, and one that became ready would be stale until it changes.
        """
        known = self._pods[key]
        listed = {pod["metadata"]["name"]: pod for pod in pods}
        self._pods[key] = {name: pod for name, pod in known.items() if name in listed or name not in before}
        for name, pod in listed.items():
            if name in known or name not in before:
                self.put_pod(key, pod)
        present = {pod["metadata"]["uid"] for pod in self._pods[key].values()}
        self._milestones[key] = {uid: at for uid, at in self._milestones[key].items() if uid in present}

    def forget(self, key: Key) -> None:
        """Forget everything about a pool."""
        self._pods.pop(key, None)
        self._milestones.pop(key, None)
        self._children.pop(key, None)


def pool_of(manifest: Manifest) -> Key | None:
    """Return the pool that a child belongs to by its labels, None if it names none."""
    metadata = manifest["metadata"]
    name = (metadata.get("labels") or {}).get(names.LABEL_POOL)
    return Key(metadata["namespace"], name) if name else None


def _older(new: Manifest, known: Manifest) -> bool:
    """Whether `new` is an earlier version of `known`.

    Resource versions of one object are compared as integers, which the API has documented as allowed since
    Kubernetes 1.35 and which etcd has always made true. A stale event must not undo what our own write returned.
    """
    if new["metadata"].get("uid") != known["metadata"].get("uid"):
        return False
    return int(new["metadata"]["resourceVersion"]) < int(known["metadata"]["resourceVersion"])
