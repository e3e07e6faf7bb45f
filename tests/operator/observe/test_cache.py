"""Lists and watches race: what a watch told while a list was under way is newer than the list."""

from typing import Any

from warmpool_operator.observe.cache import Cache, Key

KEY = Key("team", "minilm")


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


def known(cache: Cache) -> dict[str, str]:
    return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in cache.pods(KEY)}


def cache_of(*pods: dict[str, Any]) -> Cache:
    cache = Cache(now_ms=lambda: 0)
    for each in pods:
        cache.put_pod(KEY, each)
    return cache


def test_a_list_replaces_what_was_known_before() -> None:
    cache = cache_of(pod("lost", 1), pod("changed", 2))
    cache.replace_pods(KEY, [pod("changed", 5), pod("new", 4)], before={"lost", "changed"})
    assert known(cache) == {"changed": "5", "new": "4"}


def test_a_pod_that_was_deleted_while_the_list_was_under_way_does_not_come_back() -> None:
    cache = cache_of(pod("stays", 1), pod("goes", 2))
    cache.drop_pod(KEY, pod("goes", 9))
    cache.replace_pods(KEY, [pod("stays", 1), pod("goes", 2)], before={"stays", "goes"})
    assert known(cache) == {"stays": "1"}


def test_a_pod_that_changed_or_came_while_the_list_was_under_way_is_kept() -> None:
    cache = cache_of(pod("ready", 1))
    cache.put_pod(KEY, pod("ready", 8))
    cache.put_pod(KEY, pod("born", 9))
    cache.replace_pods(KEY, [pod("ready", 1)], before={"ready"})
    assert known(cache) == {"ready": "8", "born": "9"}


def test_what_a_pod_has_passed_is_dated_once_and_forgotten_with_it() -> None:
    times = iter(range(1, 9))
    cache = Cache(now_ms=lambda: next(times))
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    cache.put_pod(KEY, pod("stays", 1))
    cache.put_pod(KEY, pod("stays", 2) | ready)
    cache.put_pod(KEY, pod("stays", 3) | ready)
    cache.put_pod(KEY, pod("goes", 4))
    passed = cache.milestones(KEY)["uid-stays"]
    assert (passed.seen_ms, passed.ready_ms) == (1, 2)
    cache.replace_pods(KEY, [pod("stays", 3)], before={"stays", "goes"})
    assert set(cache.milestones(KEY)) == {"uid-stays"}
    cache.drop_pod(KEY, pod("stays", 9))
    assert not cache.milestones(KEY)
