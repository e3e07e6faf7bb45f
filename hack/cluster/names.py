"""Image names, as the kubelet completes them."""


def full_name(image: str) -> str:
    """Complete a name with the registry, the folder and the tag that it leaves out.

    `app:1` becomes `docker.io/library/app:1`, which is what a pod that asks for `app:1` gets. Names with a
    digest are left alone.
    """
    first, _, rest = image.partition("/")
    if not rest:
        image = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        image = f"docker.io/{image}"
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"
