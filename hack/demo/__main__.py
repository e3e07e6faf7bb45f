"""`python -m hack.demo`, which `make demo` calls. Everything it makes stays up."""

import argparse
import asyncio
import sys
from pathlib import Path

from rich.console import Console

from hack.cluster import Backend, ClusterError
from hack.cluster.kubectl import Kubectl
from hack.demo import embed, steps
from hack.demo.burst import Recording, Target, burst, record_burst
from hack.demo.facts import facts_of
from hack.demo.picture import draw
from hack.demo.quiet import quietly
from hack.demo.route import route_to
from hack.demo.story import check, story
from hack.demo.talk import Talk
from hack.demo.warm import wait_until_warm
from warmpool_operator.runtime.errors import KubeError

PICTURE = steps.ROOT / "build" / "demo.png"
BUILD_LOG = steps.ROOT / "build" / "demo-images.log"
WARM_SECONDS = 300.0


def main(argv: list[str] | None = None) -> int:
    """Run the demo; return 0 when every step worked, 1 when one did not, 130 when it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m hack.demo", description=__doc__)
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the picture goes")
    options = parser.parse_args(argv)
    talk = Talk(Console(highlight=False, soft_wrap=False))
    try:
        _run(talk, options.picture)
    except (ClusterError, KubeError, OSError, ValueError) as error:
        talk.console.print("\n[bold red]The demo stopped:[/]", end=" ")
        talk.console.print(str(error), markup=False)
        return 1
    except KeyboardInterrupt:
        talk.console.print(
            "\nInterrupted. `make demo` goes on from here; `make cluster-down` removes everything."
        )
        return 130
    return 0


def _run(talk: Talk, picture: Path) -> None:
    steps.require_dev_image()
    with talk.step("A Kubernetes cluster"):
        backend = steps.cluster_up()
        talk.say(f"{backend.name} cluster, {backend.status().version}.")
    kubectl = Kubectl(backend)
    with talk.step("The images of operator and model server, with the model inside"):
        on_terminal = talk.console.is_terminal
        with talk.live("building") as show, quietly(BUILD_LOG, show, build_steps=on_terminal):
            ids = steps.build_images(backend)
        talk.say(f"What the build said is in {BUILD_LOG}.")
    with talk.step(f"The operator: helm upgrade --install {steps.RELEASE} charts/warmpool"):
        steps.install_operator(backend, image_id=ids[steps.OPERATOR_IMAGE])
        talk.say(f"It serves pools in the namespace {steps.NAMESPACE}.")
    with talk.step(f"A pool: kubectl apply -f {steps.EXAMPLE.relative_to(steps.ROOT)}"):
        _warm_up(talk, kubectl)
    name = steps.pool_name()
    with route_to(backend, steps.NAMESPACE, name) as url:
        model = steps.pool(kubectl)["spec"]["model"]["name"]
        with talk.step("Eight sentences, embedded by the warm pod"):
            _embed(talk, url, model)
        with talk.step("A burst, cut from a real trace"):
            recording = _burst(talk, backend, url, model)
    with talk.step("What the pool did"):
        facts = facts_of(recording)
        for paragraph in story(facts):
            talk.say(f"{paragraph}\n")
        draw(recording, picture)
        talk.say(f"Picture: {picture}")
        check(facts)
    _farewell(talk)


def _warm_up(talk: Talk, kubectl: Kubectl) -> None:
    with talk.live("applying") as show:
        steps.apply_pool(kubectl, show)
        took = wait_until_warm(lambda: steps.pool(kubectl), show, timeout=WARM_SECONDS)
    talk.say(f"Warm {took:.1f} s after it was applied:")
    listed = kubectl("get", "wmp", steps.pool_name(), "-n", steps.NAMESPACE, "-o", "wide")
    talk.console.print(listed, markup=False, soft_wrap=True)


def _embed(talk: Talk, url: str, model: str) -> None:
    embedded = asyncio.run(embed.embed(url, model))
    embed.check_pairs(embedded.cosines)
    talk.console.print(embed.table(embedded.cosines))
    talk.say(
        f"{embedded.dimensions} numbers each, in {embedded.seconds * 1000:.0f} ms. Green: alike"
        f" (cosine of at least {embed.ALIKE}). Every sentence is nearest to the one that says the same."
    )


def _burst(talk: Talk, backend: Backend, url: str, model: str) -> Recording:
    schedule = burst()
    target = Target(
        url=url, kubeconfig=backend.kubeconfig, namespace=steps.NAMESPACE, pool=steps.pool_name(), model=model
    )
    talk.say(
        f"{len(schedule)} requests in {schedule[-1].at:.0f} s, more than one pod can compute; then calm, until the"
        " pool has shrunk. This takes two minutes."
    )
    with talk.live("looking") as show:
        return asyncio.run(record_burst(target, schedule, show))


def _farewell(talk: Talk) -> None:
    name = steps.pool_name()
    talk.console.print(f"\n[bold green]Done in {talk.elapsed}.[/] Everything is still up. To look around:\n")
    for command, meaning in (
        ('eval "$(.venv/bin/python -m hack.cluster env)"', "kubectl and helm of this cluster"),
        ("kubectl get wmp -w", "the pool as it changes"),
        (f"kubectl describe wmp {name}", "every term of the decision, conditions, events"),
        ("kubectl explain wmp.spec.scaling", "what a field means"),
        (f"kubectl get deploy,hpa,pdb,svc,pods -l warmpool.dev/pool={name}", "what the operator made of it"),
        ("make cluster-down", "remove the cluster and everything in it"),
    ):
        talk.console.print(f"   {command:<66} [dim]{meaning}[/]", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
