"""The API, whole: every endpoint there is."""

from vedette.gateway.api import (
    channels,
    checks,
    deliveries,
    history,
    incidents,
    maintenance,
    metrics,
    monitors,
    regions,
    reports,
    retention,
    series,
    summary,
    trials,
)

ENDPOINTS = (
    *monitors.ENDPOINTS,
    *history.ENDPOINTS,
    *series.ENDPOINTS,
    *checks.ENDPOINTS,
    *reports.ENDPOINTS,
    *channels.ENDPOINTS,
    *trials.ENDPOINTS,
    *incidents.ENDPOINTS,
    *maintenance.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *regions.ENDPOINTS,
    *retention.ENDPOINTS,
    *summary.ENDPOINTS,
    *metrics.ENDPOINTS,
)
