"""kubeconform, strict, with the schemas of the cluster itself: those on the web are out of the reach of tests."""

import json
import subprocess
from pathlib import Path
from typing import Any

from hack.cluster import Paths
from hack.cluster.embedded.builder import ensure_built
from hack.cluster.embedded.modules import KUBECONFORM
from hack.cluster.kubectl import Kubectl

Schema = dict[str, Any]
GROUP_VERSION_KIND = "x-kubernetes-group-version-kind"


def write_schemas(kubectl: Kubectl, folder: Path) -> None:
    """Write one JSON schema per kind that the API server knows, with unknown fields forbidden."""
    document = json.loads(kubectl("get", "--raw", "/openapi/v2"))
    definitions = {name: _strict(schema) for name, schema in document["definitions"].items()}
    for name, schema in definitions.items():
        for kind in schema.get(GROUP_VERSION_KIND, []):
            group = kind["group"].split(".")[0]
            file = "-".join(part for part in (kind["kind"].lower(), group, kind["version"]) if part) + ".json"
            used = {each: definitions[each] for each in _reachable(name, definitions)}
            (folder / file).write_text(
                json.dumps({"$ref": f"#/definitions/{name}", "definitions": used}), encoding="utf-8"
            )


def kubeconform(manifests: str, schemas: Path) -> subprocess.CompletedProcess[str]:
    """Validate YAML text; exit code 0 and a summary if all of it is known and right."""
    binary = ensure_built(KUBECONFORM, Paths.from_environment().cache) / "kubeconform"
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    argv = [str(binary), "-strict", "-summary", "-schema-location", location, "-"]
    return subprocess.run(argv, input=manifests, capture_output=True, text=True, check=False, timeout=60)


def _strict(schema: Any) -> Any:
    """The schema with `additionalProperties: false` wherever properties are listed."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "x-kubernetes-preserve-unknown-fields" not in schema:
        made.setdefault("additionalProperties", False)
    return made


def _reachable(name: str, definitions: dict[str, Schema]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            text = json.dumps(definitions[current])
            waiting += [each.split('"')[0] for each in text.split('"#/definitions/')[1:]]
    return found
