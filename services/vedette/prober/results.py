"""Results on their way out: batched for the processor, at once for who asked for a single one."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from vedette.bus.api import Bus, Exchange, Outgoing, Unroutable
from vedette.bus.topology import RESULTS_KEY
from vedette.core.errors import Transient
from vedette.core.job import MAX_BATCH
from vedette.core.outcome import Outcome
from vedette.core.result import Result, ResultBatch
from vedette.telemetry import dwell

log = structlog.get_logger()
# Good results may wait for others, which saves whoever stores them a lot: what a message costs all
# its parts together is that of several checks. Of all else somebody may have to be told.
_WAIT_S = 0.5
_SHORT_WAIT_S = 0.01
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_LAST_CHANCE_S = 1.0
_MOST_HELD = 20_000


@dataclass(slots=True)
class _Group:
    """Results that will go out together, under the traceparent of the first."""

    confirmed: asyncio.Future[None]
    timer: asyncio.TimerHandle
    traceparent: str | None
    results: list[Result] = field(default_factory=list)
    hurries: bool = False

    def hurry(self, flush: Callable[[], None]) -> None:
        """Go out soon."""
        self.hurries = True
        self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(_SHORT_WAIT_S, flush)


class ResultBuffer:
    """Collects results and publishes them; those that can't go out yet are kept."""

    def __init__(self, bus: Bus, *, region: str, prober: str) -> None:
        self._bus = bus
        self._region = region
        self._prober = prober
        self._open: _Group | None = None
        self._publishing: set[asyncio.Task[None]] = set()
        self._bad: set[UUID] = set()
        """Monitors whose last result was not good."""
        self._held = 0
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        """Wait while so many results can't go out that more checks would only pile up more."""
        await self._room.wait()

    def add(
        self, result: Result, traceparent: str | None, *, urgent: bool = False
    ) -> asyncio.Future[None]:
        """Take a result; the future is done when the bus has taken it. Wait with `confirmed`.

        It goes out soon if it is `urgent`, bad, or the end of what was bad.
        """
        group = self._open
        if group is None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(_WAIT_S, self._flush)
            group = self._open = _Group(loop.create_future(), timer, traceparent)
        group.results.append(result)
        urgent = self._is_news(result) or urgent
        self._held += 1
        if self._held >= _MOST_HELD:
            self._room.clear()
        if len(group.results) == MAX_BATCH:
            self._flush()
        elif urgent and not group.hurries:
            group.hurry(self._flush)
        return group.confirmed

    async def reply(self, key: str, results: Sequence[Result], traceparent: str | None) -> None:
        """Publish the results of a one-off batch to who asked for it."""
        try:
            await self._publish(key, results, traceparent)
        except Unroutable:
            log.info("nobody waits for this answer any more", key=key)

    async def close(self) -> None:
        """Publish what is left, if the bus takes it soon.

        Results that nobody waits for belong to jobs that were given back and will run again.
        """
        self._flush()
        if self._publishing:
            _, late = await asyncio.wait(self._publishing, timeout=_LAST_CHANCE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _is_news(self, result: Result) -> bool:
        if result.outcome is not Outcome.UP:
            self._bad.add(result.monitor_id)
            return True
        was_bad = result.monitor_id in self._bad
        self._bad.discard(result.monitor_id)
        return was_bad

    def _flush(self) -> None:
        group, self._open = self._open, None
        if group is not None:
            group.timer.cancel()
            task = asyncio.create_task(self._send(group))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _send(self, group: _Group) -> None:
        try:
            await self._publish(RESULTS_KEY, group.results, group.traceparent)
        except Exception as error:
            group.confirmed.set_exception(error)
            group.confirmed.exception()  # its handlers may be gone: then nobody retrieves it
        else:
            group.confirmed.set_result(None)
            _measure(group.results)
        finally:
            group.confirmed.cancel()
            self._held -= len(group.results)
            if self._held < _MOST_HELD:
                self._room.set()

    async def _publish(self, key: str, results: Sequence[Result], traceparent: str | None) -> None:
        batch = ResultBatch(region=self._region, prober=self._prober, results=list(results))
        body = batch.model_dump_json(exclude_defaults=True).encode()
        message = Outgoing(key=key, body=body, traceparent=traceparent)
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._bus.publish(Exchange.RESULTS, [message])
            except Transient as error:
                if isinstance(error, Unroutable) and key != RESULTS_KEY:
                    raise
                log.warning("can't publish results yet", error=str(error), results=len(results))
            else:
                return
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _measure(results: Sequence[Result]) -> None:
    now = time.time() * 1000
    for result in results:
        if result.started_at is not None:
            dwell.START_TO_RESULT.observe((now - result.started_at) / 1000)


async def confirmed(results: Iterable[asyncio.Future[None]]) -> None:
    """Wait until all are confirmed. Being cancelled leaves the futures, which others share."""
    shared = set(results)
    if shared:
        await asyncio.wait(shared)
        for future in shared:
            future.result()
