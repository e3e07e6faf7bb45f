"""What a person sees: steps with times, one live line, and of a build its milestones."""

import io
import sys
from pathlib import Path

from rich.console import Console

from hack.demo.quiet import quietly
from hack.demo.talk import Talk


def talk() -> tuple[Talk, io.StringIO]:
    file = io.StringIO()
    return Talk(Console(file=file, width=100)), file


def test_steps_are_numbered_and_timed() -> None:
    speaker, file = talk()
    for title in ("first", "second"):
        with speaker.step(title):
            speaker.say("[bold]not markup[/]")
    text = file.getvalue()
    assert "1. first" in text
    assert "2. second" in text
    assert text.count("took 0 s") == 2
    assert "[bold]not markup[/]" in text


def test_without_a_terminal_a_live_line_is_printed_when_it_changes() -> None:
    speaker, file = talk()
    with speaker.live("x") as show:
        for line in ("a", "a", "b", "b", "a"):
            show(line)
    assert [line.split()[-1] for line in file.getvalue().splitlines()] == ["a", "b", "a"]


def test_a_build_shows_its_milestones_and_keeps_the_rest(tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "new" / "build.log"
    with quietly(log, shown.append):
        print("[  10.6s] building app:dev …", file=sys.stderr)
        print("    [1/3] STEP 4/7: RUN --mount=type=cache python3 -m venv /opt", file=sys.stderr)
        print("    Installed 35 packages", file=sys.stderr)
        print("    STEP 1/2: COPY a b", file=sys.stderr)
    assert shown == [
        "building app:dev …",
        "building app:dev … [1/3] step 4/7: RUN",
        "building app:dev … step 1/2: COPY",
    ]
    assert "Installed 35 packages" in log.read_text()


def test_build_steps_can_be_left_out(tmp_path: Path) -> None:
    shown: list[str] = []
    with quietly(tmp_path / "build.log", shown.append, build_steps=False):
        print("[   0.6s] building app:dev …", file=sys.stderr)
        print("    STEP 1/2: COPY a b", file=sys.stderr)
    assert shown == ["building app:dev …"]
