"""`warmpool-serve fetch` against a real web server: whole, parallel, resumed, verified."""

import signal
from collections.abc import Callable
from pathlib import Path

from tests.serving.fetching import SIZE, command, fetch, url
from tests.sources.bundles import WEIGHTS, write_bundle
from tests.sources.mirror import Mirror
from warmpool_serving.models.download import PART_BYTES
from warmpool_serving.names import Exit

Serve = Callable[..., Mirror]


def same(left: Path, right: Path) -> bool:
    def contents(root: Path) -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    return contents(left) == contents(right)


def test_a_bundle_comes_whole_and_a_second_fetch_asks_nothing(
    serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    mirror = serve(bundle)
    out = tmp_path / "model"
    assert fetch(url(mirror), "--out", str(out)) == (Exit.OK, "fetched")
    assert same(bundle, out)
    left = {path.name: path.is_file() and path.stat().st_size for path in tmp_path.iterdir()}
    assert left == {"model": False, ".model.lock": 0}, "nothing else is left behind"
    asked = len(mirror.authorizations)
    assert fetch(url(mirror), "--out", str(out)) == (Exit.OK, "the model is there already")
    assert len(mirror.authorizations) == asked


def test_a_killed_fetch_goes_on_where_it_stopped(serve: Serve, tmp_path: Path) -> None:
    big = write_bundle(tmp_path / "big", size=11 * PART_BYTES + 5)
    size = (big / WEIGHTS).stat().st_size
    mirror = serve(big, hold_after=9 * PART_BYTES)
    out = tmp_path / "out" / "model"
    out.parent.mkdir()
    process = command(url(mirror), "--out", str(out))
    assert mirror.held.wait(30)
    journal = max((out.parent / ".model.parts").glob("*.journal"), key=lambda path: path.stat().st_size)
    process.kill()
    process.communicate()
    assert not out.exists(), "what is not whole is not there"
    kept = journal.read_bytes().count(1) * PART_BYTES
    assert kept >= PART_BYTES
    before = mirror.sent
    mirror.released.set()
    assert fetch(url(mirror), "--out", str(out)) == (Exit.OK, "fetched")
    assert same(big, out)
    assert mirror.sent - before < size - kept + PART_BYTES, "parts that were there are not fetched again"


def test_two_at_once_on_a_shared_volume_fetch_once(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    mirror, out = serve(bundle, hold_after=PART_BYTES), tmp_path / "model"
    first = command(url(mirror), "--out", str(out))
    assert mirror.held.wait(30)
    second = command(url(mirror), "--out", str(out))
    mirror.released.set()
    for process in (first, second):
        process.communicate(timeout=60)
        assert process.returncode == Exit.OK
    assert same(bundle, out)
    assert mirror.sent < SIZE + 20_000, "the second one found it there"


def test_an_empty_folder_is_no_model(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    """As the kubelet makes one for a pod that came before the model."""
    out = tmp_path / "model"
    out.mkdir()
    assert fetch(url(serve(bundle)), "--out", str(out)) == (Exit.OK, "fetched")
    assert same(bundle, out)


def test_sigterm_ends_it_at_once(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    mirror = serve(bundle, hold_after=PART_BYTES)
    process = command(url(mirror), "--out", str(tmp_path / "model"))
    assert mirror.held.wait(30)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_corrupt_object_is_named_and_fetched_anew_by_the_next_try(
    serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    broken = write_bundle(tmp_path / "broken", size=SIZE)
    content = bytearray((broken / WEIGHTS).read_bytes())
    content[PART_BYTES] ^= 1
    (broken / WEIGHTS).write_bytes(content)
    mirror, out = serve(broken), tmp_path / "model"
    code, message = fetch(url(mirror), "--out", str(out))
    assert (code, out.exists()) == (Exit.FETCH, False)
    assert message.startswith(f"{WEIGHTS}: corrupt")
    (broken / WEIGHTS).write_bytes((bundle / WEIGHTS).read_bytes())
    before = mirror.sent
    assert fetch(url(mirror), "--out", str(out))[0] == Exit.OK
    assert same(bundle, out)
    assert mirror.sent - before < (bundle / WEIGHTS).stat().st_size + 2000, "only the corrupt file again"


def test_an_object_that_is_too_short_is_named(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    short = write_bundle(tmp_path / "short", size=SIZE)
    with (short / WEIGHTS).open("r+b") as stream:
        stream.truncate(2 * PART_BYTES + 5)
    code, message = fetch(url(serve(short)), "--out", str(tmp_path / "model"))
    assert code == Exit.FETCH
    assert message.startswith(f"{WEIGHTS} is corrupt: it ends after {2 * PART_BYTES + 5} bytes")


def test_another_version_of_the_model_is_not_mixed_into_what_was_left(serve: Serve, tmp_path: Path) -> None:
    changing = write_bundle(tmp_path / "changing", size=SIZE)
    mirror, out = serve(changing, hold_after=2 * PART_BYTES), tmp_path / "model"
    process = command(url(mirror), "--out", str(out))
    assert mirror.held.wait(30)
    process.kill()
    process.communicate()
    write_bundle(changing, size=PART_BYTES + 5)
    mirror.released.set()
    assert fetch(url(mirror), "--out", str(out))[0] == Exit.OK
    assert same(changing, out)
