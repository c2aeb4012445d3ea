"""The API, whole: every endpoint there is."""

from vedette.gateway.api import (
    channels,
    checks,
    deliveries,
    history,
    incidents,
    metrics,
    monitors,
    trials,
)

ENDPOINTS = (
    *monitors.ENDPOINTS,
    *history.ENDPOINTS,
    *checks.ENDPOINTS,
    *channels.ENDPOINTS,
    *trials.ENDPOINTS,
    *incidents.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *metrics.ENDPOINTS,
)
