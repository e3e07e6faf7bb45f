"""The command line: what a person or a Makefile does with a cluster."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from hack.cluster.backend import Backend, ClusterError
from hack.cluster.embedded.builder import ensure_built
from hack.cluster.embedded.modules import TOOLS
from hack.cluster.images import image_store
from hack.cluster.paths import Paths
from hack.cluster.prometheus import PROGRAMS, find_prometheus
from hack.cluster.selection import BACKEND_VARIABLE, CONTEXT_VARIABLE, select_backend


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader, say `head`, has seen enough; without this Python complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    root = argparse.ArgumentParser(
        prog="python -m hack.cluster",
        description="A Kubernetes for tests: a context that was named, kind, or an embedded cluster.",
        epilog=f"Environment: {CONTEXT_VARIABLE} names a context, {BACKEND_VARIABLE} (kind, embedded) decides "
        "between the others, WARMPOOL_CACHE and WARMPOOL_STATE move the folders.",
    )
    root.add_argument("--context", help=f"context of your kubeconfig to use (also {CONTEXT_VARIABLE})")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("up", _up, "bring the cluster up; quick when it is")
    add("down", _down, "remove the cluster and everything it left")
    status = add("status", _status, "say what runs")
    status.add_argument("-o", dest="output", choices=["text", "json"], default="text")
    build = add("build", _build, "build an image from a Dockerfile")
    build.add_argument("-t", dest="tag", required=True, help="name of the image")
    build.add_argument("-f", dest="dockerfile", type=Path, help="defaults to CONTEXT/Dockerfile")
    build.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    build.add_argument("folder", type=Path, metavar="CONTEXT")
    load = add("load", _load, "make local images available to pods")
    load.add_argument("images", nargs="+", metavar="IMAGE")
    add("ingress", _ingress, "start ingress-nginx on the cluster, and print where it answers")
    logs = add("logs", _logs, "show the end of the components' logs")
    logs.add_argument("component", nargs="?")
    logs.add_argument("-n", dest="lines", type=int, default=100)
    add("env", _env, 'print what a shell needs: eval "$(python -m hack.cluster env)"')
    tool = add("tool", _tool, "build a pinned tool where it is missing, and print its path")
    tool.add_argument("tool", choices=sorted([*TOOLS, *PROGRAMS]))
    add(
        "selftest",
        _selftest,
        "boot, kill, boot, remove, count what is left; needs the embedded cluster's place",
    )
    return root


def _backend(arguments: argparse.Namespace) -> Backend:
    return select_backend(context=arguments.context)


def _up(arguments: argparse.Namespace) -> int:
    backend = _backend(arguments)
    backend.up()
    print(f"{backend.name} cluster is up; KUBECONFIG={backend.kubeconfig}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    _backend(arguments).down()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    status = _backend(arguments).status()
    if arguments.output == "json":
        print(json.dumps(asdict(status), default=str, indent=2))
    else:
        for name, value in asdict(status).items():
            if isinstance(value, dict):
                for component, state in value.items():
                    print(f"  {component}: {state}")
            elif value:
                print(f"{name}: {value}")
    return 0 if status.state == "Running" else 3


def _build(arguments: argparse.Namespace) -> int:
    pairs: dict[str, str] = {}
    for argument in arguments.build_arg:
        name, equals, value = argument.partition("=")
        if not equals:
            raise ClusterError(f"--build-arg {argument}: NAME=VALUE is expected")
        pairs[name] = value
    store = image_store(Paths.from_environment())
    identifier = store.build(
        arguments.folder, tag=arguments.tag, dockerfile=arguments.dockerfile, arguments=pairs
    )
    print(identifier)
    return 0


def _load(arguments: argparse.Namespace) -> int:
    _backend(arguments).load(arguments.images)
    return 0


def _ingress(arguments: argparse.Namespace) -> int:
    address = _backend(arguments).ingress()
    print(f"ingress-nginx answers at {address.http} and {address.https}; class {address.class_name}")
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    print(_backend(arguments).logs(arguments.component, lines=arguments.lines))
    return 0


def _env(arguments: argparse.Namespace) -> int:
    backend = _backend(arguments)
    folders = [str(folder) for folder in backend.tool_path]
    path = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    print(f"export KUBECONFIG={shlex.quote(str(backend.kubeconfig))}")
    if folders:
        print(f"export PATH={shlex.quote(path)}")
    return 0


def _tool(arguments: argparse.Namespace) -> int:
    cache = Paths.from_environment().cache
    if arguments.tool in PROGRAMS:
        print(find_prometheus(cache) / arguments.tool)
        return 0
    module = TOOLS[arguments.tool]
    print(ensure_built(module, cache) / arguments.tool)
    return 0


def _selftest(arguments: argparse.Namespace) -> int:
    del arguments
    from bench.results_file import write_results  # noqa: PLC0415 - only this command needs it
    from hack.cluster.embedded.modules import KUBERNETES_VERSION  # noqa: PLC0415
    from hack.cluster.embedded.selftest import selftest  # noqa: PLC0415

    figures = selftest(Paths.from_environment())
    print(json.dumps(figures, indent=2))
    print(write_results("bed", figures, repeats=1, versions={"kubernetes": KUBERNETES_VERSION}))
    return 0
