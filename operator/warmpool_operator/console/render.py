"""`warmpool render -f pool.yaml`: the manifests that the operator would apply, without a cluster."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.options import Namespace, Output
from warmpool_operator.console.writing import write_data, write_documents
from warmpool_operator.desired.hpa import exact, horizontal_pod_autoscaler
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.warming import warming_service
from warmpool_operator.reconcile.children import wanted_children
from warmpool_operator.reconcile.limiting import first_limit, wanted_ingress

NO_TOKEN = "derived-by-the-operator"  # noqa: S105 - a placeholder
STDIN = "-"


def render(
    file: Annotated[
        str, typer.Option("--filename", "-f", metavar="FILE", help="Pools as YAML; - is standard input.")
    ],
    namespace: Namespace = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="yaml or json.")] = Output.YAML,
) -> None:
    """Print the manifests that a pool becomes, offline.

    The autoscaler holds the floor and the Ingress the limit of one pod: how many pods demand needs is known
    only in a cluster. Owner references are left out and the admin token is a placeholder, since both come
    from the live pool. Rules that compare fields are checked by the API server alone: `kubectl apply
    --dry-run=server`.
    """
    manifests = [
        manifest
        for body in read_pools(file)
        for manifest in manifests_of(parse(body, namespace=namespace, source=file))
    ]
    if output is Output.JSON:
        write_data({"apiVersion": "v1", "kind": "List", "items": manifests}, Output.JSON)
    else:
        write_documents(manifests, Output.YAML)


def read_pools(file: str) -> list[Manifest]:
    """Return the pools in a file; other kinds in it are left aside.

    Raises:
        ConsoleError: the file cannot be read, is no YAML, or has no pool.
    """
    try:
        text = sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
        documents = list(yaml.safe_load_all(text))
    except (OSError, UnicodeDecodeError) as error:
        raise ConsoleError(f"{file}: cannot be read: {error}", Exit.USAGE) from error
    except yaml.YAMLError as error:
        raise ConsoleError(f"{file}: is not YAML: {error}", Exit.USAGE) from error
    pools = [each for each in documents if isinstance(each, dict) and each.get("kind") == names.KIND]
    if not pools:
        raise ConsoleError(f"{file}: has no {names.KIND}", Exit.USAGE)
    return pools


def parse(body: Manifest, *, namespace: str | None, source: str) -> Pool:
    """Return the pool of a document; unlike in a cluster, a field that does not exist is an error.

    Raises:
        ConsoleError: with one line per wrong field.
    """
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not name:
        raise ConsoleError(f"{source}: metadata.name is missing", Exit.USAGE)
    if body.get("apiVersion") != names.API_VERSION:
        raise ConsoleError(
            f"{source}: {name}: apiVersion is {body.get('apiVersion')}, not {names.API_VERSION}", Exit.USAGE
        )
    try:
        spec = PoolSpec.model_validate(body.get("spec") or {})
    except ValidationError as error:
        lines = (f"  spec.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise ConsoleError("\n".join([f"{source}: {name} is not valid:", *lines]), Exit.USAGE) from error
    place = namespace or metadata.get("namespace") or "default"
    return Pool(namespace=place, name=name, uid="", generation=1, spec=spec)


def manifests_of(pool: Pool) -> list[dict[str, Any]]:
    """Return the children of a pool as its operator would apply them first."""
    children = list(wanted_children(pool, admin_token=NO_TOKEN).values())
    front = wanted_ingress(pool, first_limit(pool), warming=True)
    children += [warming_service(pool), front] if front is not None else []
    children.append(horizontal_pod_autoscaler(pool, exact(pool.spec.scaling.min_replicas)))
    return [_without_owner(child) for child in children]


def _without_owner(manifest: Manifest) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "ownerReferences"}
    return manifest | {"metadata": metadata}
