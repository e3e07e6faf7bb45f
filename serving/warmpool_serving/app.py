"""Composition of one process: what is built, in which order, in which thread.

The order is the point. Signals are blocked and heard first, then the admin port listens, then the
engine thread begins to import and load, and only then does this thread import the web stack.
"""

import gc
import os
import signal
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from warmpool_serving import __version__, engines, listener, signals
from warmpool_serving.admin import AdminApi, serve_admin
from warmpool_serving.admission import Limits
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import Engine, ModelError
from warmpool_serving.logs import configure, event, logger
from warmpool_serving.names import LOADING, WEIGHTS_BYTES, Exit, Phase
from warmpool_serving.phases import ColdStart, seconds_since_exec
from warmpool_serving.report import Report
from warmpool_serving.state import Lifecycle
from warmpool_serving.termination import write_termination_message
from warmpool_serving.threads import cores, no_telemetry, quiet_libraries
from warmpool_serving.warmup import Warm, bring_up

if TYPE_CHECKING:
    import socket

    from warmpool_serving.server import Server


class App:
    """One process that serves one model."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cold = ColdStart(already=seconds_since_exec())
        self.lifecycle = Lifecycle()
        self.cores = cores(settings.threads)
        self.report = Report(self.lifecycle, self.cold, self._limits())
        self._server: Server | None = None
        self._warm: Future[Warm] = Future()

    def _limits(self) -> Limits:
        settings = self.settings
        target = settings.latency_target_ms / 1000
        return Limits(settings.container_concurrency, target, workers=1, max_queue=settings.max_queue)

    def run(self) -> int:
        """Serves until a signal; returns the exit code."""
        signals.block()
        configure(self.settings.log_level, self.settings.log_format)
        signals.listen(self._on_signal)
        try:
            api = AdminApi(self.report, token=self.settings.admin_token, on_retire=self._on_retire)
            admin_port = serve_admin(api, self.settings.host, self.settings.admin_port)
            bound = listener.bind(self.settings.host, self.settings.port)
        except OSError as error:
            return self._fail(f"a port cannot be bound: {error}", Exit.PORT)
        ports = {"port": bound.getsockname()[1], "adminPort": admin_port}
        event("starting", version=__version__, pid=os.getpid(), **ports)
        gc.disable()
        no_telemetry()
        quiet_libraries()
        try:
            engine = engines.build(self.settings, self.cores.count)
        except ModelError as error:
            return self._fail(str(error), Exit.MODEL)
        threading.Thread(target=self._bring_up, args=(engine,), name="engine", daemon=True).start()
        if reason := self._serve(engine, bound):
            # The library of a broken device may crash while it is unloaded, and with it the exit code.
            _exit(self._fail(reason, Exit.ENGINE))
        return Exit.OK

    def _serve(self, engine: Engine, bound: "socket.socket") -> str:
        """Serves until drained; returns why it had to end, if nobody asked for it."""
        import asyncio  # noqa: PLC0415 - heavy: imported while the engine loads

        import uvloop  # noqa: PLC0415

        from warmpool_serving.metrics import Metrics  # noqa: PLC0415
        from warmpool_serving.server import Server  # noqa: PLC0415

        metrics = Metrics(self.report)
        self.report.metrics_text = metrics.text
        metrics.build_info(
            version=__version__, engine=engine.name, model=self.settings.model_name or engine.manifest.name,
            revision=engine.manifest.revision, threads=str(self.cores.count),
        )  # fmt: skip
        self._server = Server(self.settings, engine, self.report, metrics)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._server.run(bound, self._warm))
        return self._server.broken

    def _bring_up(self, engine: Engine) -> None:
        try:
            event(LOADING, **{WEIGHTS_BYTES: sum(file.size for file in engine.manifest.files.values())})
            check = engines.file_check(engine, self.settings)
            warm = bring_up(engine, self.settings, lifecycle=self.lifecycle, cold=self.cold, check=check)
        except ModelError as error:
            self._die(str(error))
        except Exception as error:
            logger.debug("the engine failed", exc_info=True)
            self._die(f"the engine cannot start: {type(error).__name__}: {error}")
        else:
            # What is left is waiting for the other thread's imports.
            self.cold.begin(Phase.IMPORTS)
            self._warm.set_result(warm)
            self._summary(engine, warm)

    def _summary(self, engine: Engine, warm: Warm) -> None:
        manifest, settings = engine.manifest, self.settings
        event(
            "model proven", model=settings.model_name or manifest.name, engine=engine.name,
            precision=manifest.precision, dims=manifest.dims, maxTokens=manifest.max_tokens,
            proofCosine=round(warm.proof_cosine, 6), cores=self.cores.count, coresFrom=self.cores.source,
            device=engine.device, workers=engine.workers, containerConcurrency=settings.container_concurrency,
            latencyTargetMs=settings.latency_target_ms, maxQueue=settings.max_queue,
            maxBatchTokens=warm.batch_tokens, maxRequestTokens=settings.max_request_tokens,
            maxInputs=settings.max_inputs, maxBodyBytes=settings.max_body_bytes,
            tokensPerSecond=round(engine.workers * warm.speed.tokens_per_second),
            seconds={str(phase): round(value, 3) for phase, value in self.cold.done().items()},
        )  # fmt: skip

    def _on_signal(self, sig: signal.Signals) -> None:
        if self._server is None or not self._server.stop(sig):
            event("stopping before ready", signal=sig.name, state=str(self.lifecycle.state))
            _exit(Exit.OK)

    def _on_retire(self, retired: bool) -> None:
        event("retired" if retired else "un-retired")

    def _die(self, reason: str) -> None:
        _exit(self._fail(reason, Exit.MODEL))

    def _fail(self, reason: str, code: int) -> int:
        self.lifecycle.fail(reason)
        event(reason, level=40, exitCode=code)
        write_termination_message(reason)
        return code


def _exit(code: int) -> None:
    # From a thread, with the main thread perhaps deep in an import: nothing to unwind is worth waiting for.
    sys.stderr.flush()
    os._exit(code)
