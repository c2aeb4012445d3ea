"""How long things dwell at each stage of the way from a slot to a message.

Each is measured where both its ends are known. Where they are read from clocks of two machines
that disagree, what would be negative counts as 0; how far they disagree is measured apart
(`store.processes`, and `prober.clock_ms`).
"""

from vedette.telemetry.histograms import Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_dwell = Histogram(
    "vedette_dwell_seconds",
    "How long checks, events and messages dwell at each stage from a slot to its message.",
    label="stage",
    buckets=BUCKETS,
)

SLOT_TO_START = _dwell.of("slot_to_start")
"""In the prober, by its clock."""
START_TO_RESULT = _dwell.of("start_to_result")
"""In the prober, by its clock: until the bus has taken the result."""
RESULT_TO_VERDICT = _dwell.of("result_to_verdict")
"""In the processor: from a check's end by the prober's clock to the committed verdict."""
VERDICT_TO_EVENT = _dwell.of("verdict_to_event")
"""In the outbox's relay, by the database's clock: from the row to its publication."""
TRANSITION_TO_DELIVERED = _dwell.of("transition_to_delivered")
"""In the notifier: from the change of state by the processor's clock to the provider's yes."""
