"""How the gateway is watched: requests counted and traced, and gauges read at each scrape."""

import asyncio
import time
from math import nan

from aiohttp import web
from aiohttp.typedefs import Handler
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from vedette.bus import topology
from vedette.bus.api import Bus, Queue
from vedette.core.errors import Transient
from vedette.gateway.context import GATEWAY, Gateway
from vedette.gateway.problems import route_of
from vedette.gateway.store import monitors, probers
from vedette.store.pool import connection
from vedette.telemetry import admin
from vedette.telemetry.traces import span

_SCRAPE_S = 5.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"])
durations = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "route"])
active_monitors = Gauge("active_monitors", "Monitors that are not paused.")
active_incidents = Gauge("active_incidents", "Incidents that are open.")
live_probers = Gauge("vedette_live_probers", "Probers heard of in the last 30 s.", ["region"])
region_healthy = Gauge(
    "vedette_region_healthy", "Whether a region's checks can be had and trusted.", ["region"]
)
queue_depth = Gauge("vedette_queue_depth", "Messages that wait in a queue.", ["queue"])


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count, time and trace a request."""
    route = route_of(request)
    method = request.method if request.method in _METHODS else "other"
    started = time.perf_counter()
    parent = request.headers.get("traceparent")
    with span(f"{method} {route}", parent=parent, kind=SpanKind.SERVER) as current:
        response = await handler(request)
        current.set_attribute("http.response.status_code", response.status)
    durations.labels(method, route).observe(time.perf_counter() - started)
    requests.labels(method, route, response.status).inc()
    return response


async def metrics(request: web.Request) -> web.Response:
    """This process's metrics, with what the database and the bus say now."""
    gateway = request.app[GATEWAY]
    regions = await _read_totals(gateway)
    queues = [
        *topology.SHARED,
        *(find(region) for region in regions for find in (topology.jobs, topology.urgent_jobs)),
    ]
    depths = await asyncio.gather(*(_depth(gateway.bus, queue) for queue in queues))
    # Anew each time: regions come and go.
    queue_depth.clear()
    for queue, depth in zip(queues, depths, strict=True):
        queue_depth.labels(queue.name).set(depth)
    return await admin.metrics(request)


async def _read_totals(gateway: Gateway) -> list[str]:
    """Set the gauges that the database knows; returns the regions in use."""
    try:
        async with asyncio.timeout(_SCRAPE_S), connection(gateway.pool) as db:
            row = await monitors.totals(db)
            live = await probers.live_by_region(db)
            health = await probers.health(db)
    except (Transient, TimeoutError):
        row, live, health = None, [], []
    region_healthy.clear()
    for region in health:
        region_healthy.labels(region["region"]).set(region["healthy"])
    live_probers.clear()
    for region in live:
        live_probers.labels(region["region"]).set(region["live"])
    active_monitors.set(row["active_monitors"] if row else nan)
    active_incidents.set(row["active_incidents"] if row else nan)
    return row["regions"] if row else []


async def _depth(bus: Bus, queue: Queue) -> float:
    try:
        async with asyncio.timeout(_SCRAPE_S):
            # A broker can't tell the depth of a queue that nobody has declared yet.
            await bus.declare(queue)
            return await bus.depth(queue)
    except (Transient, TimeoutError):
        return nan
