"""What the demo says, and how: numbered steps in plain words, with the time each took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hack.cluster.console import seconds

Show = Callable[[str], None]


class Talk:
    """Speaks to one person on one console."""

    def __init__(self, console: Console) -> None:
        """Steps are numbered from 1."""
        self.console = console
        self._number = 0
        self._begin = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step, and say how long it took when it succeeded."""
        self._number += 1
        self.console.print(f"\n[bold cyan]{self._number}.[/] [bold]{title}[/]", highlight=False)
        begin = time.monotonic()
        yield
        self.console.print(f"   [dim]took {seconds(time.monotonic() - begin)}[/]", highlight=False)

    def say(self, text: str) -> None:
        """Print a paragraph below the present step; nothing in it is read as markup."""
        self.console.print(Padding(Text(text), (0, 0, 0, 3)))

    @contextmanager
    def live(self, text: str) -> Iterator[Show]:
        """Give a function that shows a line in place of the one before; without a terminal, below it.

        The seconds since then stand before each line.
        """
        begin = time.monotonic()

        def timed(line: str) -> str:
            return f"{time.monotonic() - begin:4.0f} s  {line}"

        if not self.console.is_terminal:
            yield _when_new(lambda line: self.say(timed(line)))
            return
        with self.console.status(Text(text)) as status:
            yield lambda line: status.update(Text(timed(line)))

    @property
    def elapsed(self) -> str:
        """Time since the beginning."""
        return seconds(time.monotonic() - self._begin)


def _when_new(show: Show) -> Show:
    last = ""

    def once(text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            show(text)

    return once
