"""Every queue there is, as values. Each service says here what it listens to."""

from vedette.bus.api import Binding, Exchange, Limit, Queue, Retention

# What waits may be bounded, so that who can't follow slows down who sends: a processor that is slow
# makes its probers keep their jobs, which then are missed. A message holds up to 100 checks.
_MOST = Limit(messages=50_000, octets=256 * 2**20)

RESULTS_KEY = "results"
EXPIRED_KEY = "expired"
PRESENCE_KEY = "presence"
JOBS_PREFIX = "jobs."
"""What the names of all queues of jobs begin with."""

RESULTS = Queue("processor.results", (Binding(Exchange.RESULTS, RESULTS_KEY),), limit=_MOST)
"""Result batches."""

EXPIRED = Queue("processor.expired", (Binding(Exchange.RESULTS, EXPIRED_KEY),))
"""Job batches that nobody ran in time; each job becomes a missed check.

It has no limit: RabbitMQ would hold what it can't move here in the queue of jobs, for minutes after
there is room again. Instead schedulers send no jobs while too much waits here.
"""

PRESENCE = Queue("processor.presence", (Binding(Exchange.RESULTS, PRESENCE_KEY),), fleeting=True)
"""What probers tell of themselves, every few seconds."""

MONITORS = Queue(
    "processor.monitors",
    (
        Binding(Exchange.EVENTS, "monitor.created"),
        Binding(Exchange.EVENTS, "monitor.updated"),
        Binding(Exchange.EVENTS, "monitor.deleted"),
    ),
)
"""Changes of monitors, for their state (pending, paused)."""

STATES = Queue(
    "incidents.states",
    (
        Binding(Exchange.EVENTS, "monitor.state_changed"),
        Binding(Exchange.EVENTS, "monitor.deleted"),
    ),
)
"""Changes of state, for incidents."""

MESSAGES = Queue(
    "notifier.messages",
    (
        Binding(Exchange.EVENTS, "incident.opened"),
        Binding(Exchange.EVENTS, "incident.resolved"),
        Binding(Exchange.EVENTS, "certificate.expiring"),
        Binding(Exchange.EVENTS, "domain.expiring"),
        Binding(Exchange.EVENTS, "incident.reminded"),
        Binding(Exchange.EVENTS, "region.unhealthy"),
        Binding(Exchange.EVENTS, "region.recovered"),
        Binding(Exchange.EVENTS, "channel.test"),
    ),
)
"""What people are told."""

EVENTS_STREAM = "vedette.events.stream"
"""The name of the stream of all events."""

DEAD = Queue("dead", (Binding(Exchange.DEAD, "#"),))
"""Messages that no handler could deal with, parked."""

SHARED = (RESULTS, EXPIRED, PRESENCE, MONITORS, STATES, MESSAGES, DEAD)
"""Declared by every process before it publishes: an event sent before its first listener ever
started must wait for it."""


def events_stream(retention: Retention) -> Queue:
    """All events of late, for whoever wants to hear them again."""
    return Queue(EVENTS_STREAM, (Binding(Exchange.EVENTS, "#"),), retention=retention)


def jobs(region: str) -> Queue:
    """The jobs of a region."""
    return _jobs(region, region)


def urgent_jobs(region: str) -> Queue:
    """Confirmations and one-off checks of a region, which don't wait behind the others."""
    return _jobs(f"{region}.urgent", f"{region}.urgent")


def _jobs(name: str, key: str) -> Queue:
    return Queue(
        f"{JOBS_PREFIX}{name}",
        (Binding(Exchange.JOBS, key),),
        expired=Binding(Exchange.RESULTS, EXPIRED_KEY),
        limit=_MOST,
    )


def scheduler_changes(instance: str) -> Queue:
    """Every scheduler hears every change and takes what falls in its shards."""
    return Queue(
        f"scheduler.{instance}",
        (
            Binding(Exchange.EVENTS, "monitor.created"),
            Binding(Exchange.EVENTS, "monitor.updated"),
            Binding(Exchange.EVENTS, "monitor.deleted"),
            Binding(Exchange.EVENTS, "monitor.suspect"),
        ),
        private=True,
    )


def replies(instance: str) -> Queue:
    """Results of the one-off checks that this process asked for."""
    key = f"replies.{instance}"
    return Queue(key, (Binding(Exchange.RESULTS, key),), private=True)
