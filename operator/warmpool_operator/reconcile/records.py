"""The page that serves the records of decisions: `/record/NAMESPACE/POOL?since=MS&until=MS`."""

from collections.abc import Callable, Mapping
from typing import Final

from warmpool_operator.capacity.record import Record
from warmpool_operator.capacity.record_wire import to_wire
from warmpool_operator.observe.cache import Key

RECORD_PAGE: Final = "record"


class RecordPage:
    """Answers with the recorded decisions of one pool.

    A record holds counts of requests and the pool's scaling rules, nothing of what clients sent.

    Args:
        record: finds the record of a pool.
    """

    def __init__(self, record: Callable[[Key], Record | None]) -> None:
        self._record = record

    def __call__(self, path: str, query: Mapping[str, str]) -> dict[str, object] | None:
        """Return the chunks that touch the time asked for, None for a pool that is not known.

        Raises:
            ValueError: a time that is not a number of milliseconds.
        """
        namespace, _, name = path.partition("/")
        record = self._record(Key(namespace, name))
        if record is None:
            return None
        until = int(query["until"]) if "until" in query else None
        return to_wire(record.chunks(since_ms=int(query.get("since", 0)), until_ms=until))
