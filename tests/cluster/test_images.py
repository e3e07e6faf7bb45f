"""Image names, base images of Dockerfiles, and archives that leave out what is there."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from hack.cluster import oci
from hack.cluster.baseimage import recipe_for
from hack.cluster.dockerfile import base_images
from hack.cluster.hosttrust import build_mounts
from hack.cluster.names import full_name


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("app", "docker.io/library/app:latest"),
        ("app:1", "docker.io/library/app:1"),
        ("team/app:1", "docker.io/team/app:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("registry:5000/app", "registry:5000/app:latest"),
        ("ghcr.io/team/app:1", "ghcr.io/team/app:1"),
        ("app@sha256:00", "docker.io/library/app@sha256:00"),
    ],
)
def test_names_are_completed_as_the_kubelet_does(given: str, full: str) -> None:
    assert full_name(given) == full


def test_base_images_follow_build_arguments_and_leave_out_stages() -> None:
    text = """
        ARG BASE=python:3.11-slim-bookworm
        ARG OTHER="debian:bookworm-slim"
        FROM --platform=linux/amd64 ${BASE} AS build
        ARG BASE=ignored
        FROM ${OTHER}
        COPY --from=build /a /a
        COPY --from=busybox:1 /bin/sh /bin/sh
        FROM scratch
        FROM build
    """
    assert base_images(text, {}) == ["python:3.11-slim-bookworm", "debian:bookworm-slim", "busybox:1"]
    assert base_images(text, {"BASE": "other:1"})[0] == "other:1"


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("python:3.11-slim-bookworm", True),
        ("docker.io/library/python:3.11-slim", True),
        ("debian:bookworm-slim", True),
        ("python:3.12-slim-bookworm", False),
        ("python:3.11-alpine", False),
        ("ghcr.io/python:3.11-slim", False),
    ],
)
def test_stand_ins_exist_only_for_what_they_resemble(image: str, known: bool) -> None:
    assert (recipe_for(image) is not None) == known


def test_a_host_that_says_nothing_of_certificates_mounts_none(tmp_path: Path) -> None:
    assert not any("certs" in mount or "uv" in mount for mount in build_mounts(tmp_path, {}))
    assert list(tmp_path.iterdir()) == []


def test_a_host_with_an_authority_of_its_own_shares_it_with_builds(tmp_path: Path) -> None:
    mounts = build_mounts(tmp_path, {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"})
    assert f"{tmp_path}/uv.toml:/etc/uv/uv.toml:ro" in mounts
    assert all(mount.endswith(":ro") for mount in mounts)


def push(layout: Path, name: str, layers: list[bytes]) -> list[str]:
    """Write an image into a layout as buildah does; returns the digests of its layers."""

    def blob(content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        folder = layout / "blobs" / "sha256"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    described = [blob(layer) for layer in layers]
    manifest = blob(json.dumps({"config": blob(name.encode()), "layers": described}).encode())
    file = layout / "index.json"
    index = json.loads(file.read_text()) if file.exists() else {"manifests": []}
    reference = oci.reference(name)
    annotations = {"org.opencontainers.image.ref.name": reference}
    others = [entry for entry in index["manifests"] if entry["annotations"] != annotations]
    index["manifests"] = [*others, {**manifest, "annotations": annotations}]
    file.write_text(json.dumps(index))
    return [str(layer["digest"]) for layer in described]


def test_an_archive_leaves_out_what_the_receiver_has(tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    base, app = push(layout, "app:1", [b"base", b"app"])
    archive = tmp_path / "image.tar"
    oci.write_archive(layout, archive, name="app:1", present={base})
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile("index.json"))
    assert f"blobs/sha256/{app.removeprefix('sha256:')}" in names
    assert f"blobs/sha256/{base.removeprefix('sha256:')}" not in names
    assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == "app:1"


def test_layers_that_no_image_uses_are_pruned_and_shared_ones_stay(tmp_path: Path) -> None:
    base, old = push(tmp_path, "app:1", [b"base", b"old"])
    push(tmp_path, "other:1", [b"base"])
    push(tmp_path, "app:1", [b"base", b"new"])
    oci.prune(tmp_path)
    blobs = {f"sha256:{path.name}" for path in (tmp_path / "blobs" / "sha256").iterdir()}
    assert base in blobs
    assert old not in blobs
    oci.write_archive(tmp_path, tmp_path / "a.tar", name="app:1", present=set())
