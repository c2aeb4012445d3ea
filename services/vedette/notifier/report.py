"""How an attempt's end is told: an event, a log line, a count. Never a secret."""

import time

import structlog

from vedette.core.events import Event, NotificationFailed, NotificationSent
from vedette.notifier import metrics
from vedette.notifier.delivery import Claim, Failed, Outcome, Retry, Sent, Skipped
from vedette.notifier.words import instant_ms, masked
from vedette.telemetry.traces import traceparent

log = structlog.get_logger()


def event_of(claim: Claim, outcome: Outcome) -> Event | None:
    """What integrators hear; None where nothing has come to an end."""
    delivery = claim.delivery
    facts = {
        "delivery_id": delivery.id,
        "channel_id": delivery.channel_id,
        "channel_kind": delivery.kind,
        "transition": delivery.transition,
        "incident_id": None if delivery.region else delivery.incident_id,
        "region": delivery.region,
        "incident_ids": delivery.incidents if delivery.members else None,
        "attempts": claim.attempt,
    }
    match outcome:
        case Sent():
            data: NotificationSent | NotificationFailed = NotificationSent.model_validate(facts)
        case Failed(error):
            data = NotificationFailed.model_validate({**facts, "error": error})
        case _:
            return None
    return Event.of(
        data, workspace=delivery.workspace_id, at_ms=_now_ms(), traceparent=traceparent()
    )


def report(claim: Claim, outcome: Outcome) -> None:
    """One line in the log, and the counters."""
    delivery = claim.delivery
    said = log.bind(
        delivery=str(delivery.id),
        kind=delivery.kind,
        transition=delivery.transition,
        incident=str(delivery.incident_id) if delivery.incident_id else None,
        recipient=masked(delivery.recipient),
        attempt=claim.attempt,
    )
    match outcome:
        case Sent():
            age_ms = _now_ms() - instant_ms(delivery.event["time"])
            metrics.seconds.labels(delivery.kind).observe(max(0, age_ms) / 1000)
            metrics.settled.labels(delivery.kind, "sent").inc()
            said.info("sent")
        case Retry(in_s, error):
            said.warning("not sent yet", error=error, retry_in_s=round(in_s, 1))
        case Failed(error):
            metrics.settled.labels(delivery.kind, "failed").inc()
            said.error("not sent: given up", error=error)
        case Skipped(error):
            metrics.settled.labels(delivery.kind, "skipped").inc()
            said.info("skipped", reason=error)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
