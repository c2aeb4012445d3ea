"""The API, whole: every endpoint there is."""

from vedette.gateway.api import (
    channels,
    checks,
    deliveries,
    history,
    incidents,
    metrics,
    monitors,
    regions,
    reports,
    trials,
)

ENDPOINTS = (
    *monitors.ENDPOINTS,
    *history.ENDPOINTS,
    *checks.ENDPOINTS,
    *reports.ENDPOINTS,
    *channels.ENDPOINTS,
    *trials.ENDPOINTS,
    *incidents.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *regions.ENDPOINTS,
    *metrics.ENDPOINTS,
)
