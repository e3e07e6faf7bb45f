"""Writes `events.k8s.io/v1` events about objects, beside the work and never in its way.

`event` returns at once and never raises: an event that is a repetition, one too many, or that the
API server does not take is dropped and counted. `run` writes the rest one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from warmpool_operator.runtime.errors import Conflict, KubeError, Transient
from warmpool_operator.runtime.event_filter import EventFilter
from warmpool_operator.runtime.kube import KubeClient, Manifest
from warmpool_operator.runtime.resources import EVENTS

WAITING = 1000
ATTEMPTS = 3
RETRY_SECONDS = 2.0
# A server may ask for minutes; the events behind this one should not wait that long.
MAX_RETRY_SECONDS = 30.0
FLUSH_SECONDS = 2.0
# Limits of the API: note 1024 characters, reason and action 128, and 253 for the name of any object.
MAX_NOTE, MAX_WORD, MAX_NAME = 1024, 128, 253

log = logging.getLogger(__name__)


class EventRecorder:
    """Records what happened to objects.

    Args:
        client: Where events are written.
        controller: `reportingController`, such as `warmpool.dev/operator`.
        instance: `reportingInstance`, the pod's name.
        on_event: Called with `sent`, `duplicate`, `rate_limited`, `queue_full` or `failed`.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        controller: str,
        instance: str,
        on_event: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._controller, self._instance = controller, instance[:MAX_WORD]
        self._on_event = on_event or (lambda _: None)
        self._clock = clock
        self._filter = EventFilter()
        self._waiting: deque[Manifest] = deque()
        self._arrived = asyncio.Event()

    def event(
        self,
        regarding: Manifest,
        *,
        reason: str,
        note: str,
        type: Literal["Normal", "Warning"] = "Normal",  # noqa: A002 - the API's own word
        action: str = "Reconcile",
    ) -> None:
        """Records that something happened to an object.

        Args:
            regarding: The object, of which kind and metadata are read.
            reason: Why, in one CamelCase word from a small set.
            note: What, in a sentence for people.
            type: `Warning` where a person should look.
            action: What the controller did, in one CamelCase word.
        """
        try:
            manifest = self._manifest(regarding, reason=reason, note=note, type=type, action=action)
            subject = tuple(sorted(manifest["regarding"].items()))
            verdict = self._filter.judge(subject, reason, note, self._clock())
            if verdict is not None:
                self._on_event(verdict)
            elif len(self._waiting) >= WAITING:
                self._on_event("queue_full")
            else:
                self._waiting.append(manifest)
                self._arrived.set()
        except Exception:
            log.exception("event %s not recorded", reason)
            self._on_event("failed")

    async def run(self) -> None:
        """Writes events until cancelled, then what still waits, for two seconds at most."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                await self._write_waiting()
        except asyncio.CancelledError:
            await self._flush()
            raise

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._write_waiting()
        except TimeoutError:
            for _ in self._waiting:
                self._on_event("failed")
            self._waiting.clear()

    async def _write_waiting(self) -> None:
        while self._waiting:
            # Removed only afterwards, so that one cut off by a shutdown is written again by the flush.
            await self._write(self._waiting[0])
            self._waiting.popleft()

    async def _write(self, manifest: Manifest) -> None:
        namespace = manifest["metadata"]["namespace"]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._client.create(EVENTS, namespace, manifest, manager=self._controller)
            except Conflict:
                # The name is random: it is there because an earlier try did reach the server.
                self._on_event("sent")
            except Transient as error:
                if attempt < ATTEMPTS:
                    await asyncio.sleep(min(error.retry_after or RETRY_SECONDS, MAX_RETRY_SECONDS))
                    continue
                log.warning("event %s not written: %s", manifest["reason"], error)
                self._on_event("failed")
            except KubeError as error:
                log.warning("event %s not written: %s", manifest["reason"], error)
                self._on_event("failed")
            except Exception:
                log.exception("event %s not written", manifest["reason"])
                self._on_event("failed")
            else:
                self._on_event("sent")
            return

    def _manifest(
        self,
        regarding: Manifest,
        *,
        reason: str,
        note: str,
        type: str,  # noqa: A002
        action: str,
    ) -> Manifest:
        metadata = regarding["metadata"]
        # Events about objects outside of namespaces live in `default`, as kubectl expects.
        namespace = metadata.get("namespace") or "default"
        suffix = f".{secrets.token_hex(8)}"
        reference = {
            "apiVersion": regarding["apiVersion"],
            "kind": regarding["kind"],
            "namespace": metadata.get("namespace"),
            "name": metadata["name"],
            "uid": metadata.get("uid"),
        }
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {
                "name": metadata["name"][: MAX_NAME - len(suffix)] + suffix,
                "namespace": namespace,
            },
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": self._controller,
            "reportingInstance": self._instance,
            "action": action[:MAX_WORD],
            "reason": reason[:MAX_WORD],
            "type": type,
            "note": note if len(note) <= MAX_NOTE else note[: MAX_NOTE - 1] + "…",
            "regarding": {key: value for key, value in reference.items() if value},
        }
