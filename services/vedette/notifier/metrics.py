"""The notifier in numbers."""

from prometheus_client import Counter, Gauge, Histogram

settled = Counter(
    "vedette_deliveries_total",
    "Deliveries that ended, by kind of channel and status.",
    ["kind", "status"],
)
attempts = Counter(
    "vedette_delivery_attempts_total", "Attempts to send, by kind of channel.", ["kind"]
)
seconds = Histogram(
    "vedette_delivery_seconds",
    "From the event to its acceptance by the provider.",
    ["kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600),
)
pending = Gauge("vedette_deliveries_pending", "Deliveries not settled yet (at most 10000).")
