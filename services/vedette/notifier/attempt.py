"""One attempt at one delivery: decide, send, write down how it ended."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from opentelemetry.trace import SpanKind, StatusCode

from vedette.core.errors import Permanent, Transient
from vedette.notifier import metrics
from vedette.notifier.channel import Channel
from vedette.notifier.configs import open_config
from vedette.notifier.delivery import (
    Claim,
    Failed,
    Outcome,
    Retry,
    SendFailed,
    Sent,
    Skipped,
    Unwanted,
)
from vedette.notifier.domain.retrying import after_failure, before_sending
from vedette.notifier.report import event_of, report
from vedette.notifier.store.recording import Recording
from vedette.store import outbox
from vedette.store.pool import Pool, transaction
from vedette.store.secretbox import SecretBox
from vedette.telemetry import dwell
from vedette.telemetry.traces import span

log = structlog.get_logger()

_RECORD_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes attempts with what one process has."""

    pool: Pool
    box: SecretBox
    channels: Mapping[str, Channel]
    instance: str
    send_timeout_s: float
    give_up_after_s: float

    async def make(self, claim: Claim) -> None:
        """Attempt a claimed delivery. Raises nothing that a provider can cause."""
        delivery = claim.delivery
        with span(
            "send",
            parent=delivery.event.get("traceparent"),
            kind=SpanKind.CLIENT,
            attributes={"vedette.delivery": str(delivery.id), "vedette.channel": delivery.kind},
        ) as sending:
            outcome = before_sending(claim) or await self._send(claim)
            if isinstance(outcome, Retry | Failed):
                sending.set_status(StatusCode.ERROR, outcome.error)
            await self._record(claim, outcome)

    async def _send(self, claim: Claim) -> Outcome:
        metrics.attempts.labels(claim.delivery.kind).inc()
        try:
            return Sent(await self._sent(claim))
        except Unwanted as unwanted:
            return Skipped(f"not sent: {unwanted}")
        except SendFailed as failure:
            return after_failure(
                failure,
                claim,
                give_up_after_s=self.give_up_after_s,
                jitter=random.uniform(-1, 1),  # noqa: S311  (spreads load, guards nothing)
            )

    async def _sent(self, claim: Claim) -> str | None:
        """The provider's id. Raises SendFailed, whatever went wrong, or Unwanted."""
        try:
            async with asyncio.timeout(self.send_timeout_s):
                return await self._found_or_sent(claim)
        except (SendFailed, Unwanted):
            raise
        except Permanent as error:
            # Settings and channels can be mended while the message waits.
            raise SendFailed(str(error), uncertain=claim.doubtful) from error
        except TimeoutError:
            waited = f"{self.send_timeout_s:g} s"
            raise SendFailed(f"no answer within {waited}", uncertain=True) from None
        except Exception as error:
            log.exception("a channel failed", delivery=str(claim.delivery.id))
            raise SendFailed(f"error in Vedette: {type(error).__name__}", uncertain=True) from error

    async def _found_or_sent(self, claim: Claim) -> str | None:
        delivery = claim.delivery
        channel = self.channels.get(delivery.kind)
        if channel is None:
            raise Permanent(f"this version of Vedette has no channels of kind {delivery.kind}")
        config = open_config(self.box, delivery.kind, claim.sealed_config)
        if delivery.transition == "resolved" and not config.tell_resolved:
            raise Unwanted("the channel is not told of the end of incidents (tell_resolved)")
        if claim.doubtful and (found := await _found(channel, claim)):
            return found
        return await channel.send(delivery, config)

    async def _record(self, claim: Claim, outcome: Outcome) -> None:
        """Write the outcome down, however long the database is away.

        What is known here and nowhere else keeps the message from being sent twice.
        """
        while True:
            try:
                if await self._recorded(claim, outcome):
                    report(claim, outcome)
                else:
                    log.info("lost the claim meanwhile", delivery=str(claim.delivery.id))
            except Transient as error:
                log.warning("can't record a delivery yet", error=str(error))
                await asyncio.sleep(_RECORD_AGAIN_S)
            else:
                return

    async def _recorded(self, claim: Claim, outcome: Outcome) -> bool:
        async with transaction(self.pool) as db:
            record = Recording(db, self.instance)
            match outcome:
                case Sent():
                    changed = await record.sent(claim, outcome)
                    await _measure(record, claim)
                case Retry(in_s, error, doubtful):
                    changed = await record.retry(claim, in_s, error, doubtful=doubtful)
                case Failed(error):
                    changed = await record.settle(claim, "failed", error)
                case Skipped(error):
                    changed = await record.settle(claim, "skipped", error)
            if changed and (event := event_of(claim, outcome)):
                await outbox.put(db, [event])
            return changed


async def _measure(record: Recording, claim: Claim) -> None:
    since_s = await record.since_decided_s(claim)
    if since_s is not None:
        dwell.TRANSITION_TO_DELIVERED.observe(since_s)


async def _found(channel: Channel, claim: Claim) -> str | None:
    try:
        return await channel.find(claim.delivery)
    except SendFailed as failure:
        # Not having been able to ask leaves the doubt, and nothing final can come of it.
        raise SendFailed(
            str(failure), uncertain=True, retry_after_s=failure.retry_after_s
        ) from failure
