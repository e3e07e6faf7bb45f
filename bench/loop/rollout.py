"""Rolling updates under load: requests lost, and the fewest warm pods meanwhile."""

from bench.loop.bed import spec, url
from bench.loop.clients import Clients
from bench.pools import Object, Pools
from hack.cluster.waiting import wait_for

NAME = "rollout"
ROLLOUTS, FLOOR = 5, 3
IN_FLIGHT, WORDS, SERVICE_MS = 4, 4, 200


def measure(bed: Pools) -> dict[str, float]:
    """Roll ROLLOUTS times; return figures."""
    bed.apply(NAME, pool(0))
    bed.settle(NAME, FLOOR)
    lowest = FLOOR
    address = url(bed, NAME)
    with (
        bed.watch_ready(NAME) as ready,
        Clients(address, count=IN_FLIGHT, words=WORDS) as clients,
    ):
        for number in range(1, ROLLOUTS + 1):
            old = {pod["metadata"]["name"] for pod in bed.pods(NAME)}
            bed.apply(NAME, pool(number))
            _wait_rolled(bed, old)
            lowest = min(value for _, value in ready.seen)
            answered, lost = clients.statuses.count(200), clients.lost
            print(
                f"rollout {number}: {answered} answered, {lost} lost, {lowest} warm at the fewest", flush=True
            )
    return {
        "rollouts": ROLLOUTS,
        "rollout_floor": FLOOR,
        "rollout_ready_lowest": lowest,
        "rollout_requests": len(clients.statuses),
        "rollout_lost_requests": clients.lost,
        "rollout_refused_requests": clients.refused,
    }


def pool(number: int) -> Object:
    """Return the pool in one of its versions."""
    return spec(
        # A setting that changes next to nothing, and the pod template with it.
        env={"LOAD_SECONDS": 1, "SERVICE_MS": SERVICE_MS, "MS_PER_TOKEN": number / 1000},
        scaling={"minReplicas": FLOOR, "maxReplicas": FLOOR + 2, "keepAliveSeconds": 10},
        server={"containerConcurrency": 2},
    )


def _wait_rolled(bed: Pools, old: set[str]) -> None:
    """Wait until no pod of the old version is left, and all that are there are warm."""

    def rolled() -> bool:
        names = {pod["metadata"]["name"] for pod in bed.pods(NAME)}
        return not names & old and bed.status(NAME)["pods"].get("ready", 0) == len(names) >= FLOOR

    wait_for("new pods", rolled, timeout=180)
