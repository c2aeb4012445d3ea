"""How long things dwell from a slot to a message, as the processes measure it at /metrics."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from vedette.cli.doctor.dwell import SHARES, STAGES, Dwell
from vedette.store.pool import Connection
from vedette.store.processes import GONE_S

_PATIENCE_S = 2
_BUCKET = "vedette_dwell_seconds_bucket"

Buckets = Mapping[float, float]
"""How many took at most so many seconds."""


async def addresses(db: Connection) -> list[str]:
    """Where the live processes with a database say that they answer."""
    rows = await db.fetch(
        "select distinct address from process where seen_at > now() - make_interval(secs => $1)",
        float(GONE_S),
    )
    return [row["address"] for row in rows]


async def measured(where: Iterable[str]) -> list[Dwell]:
    """What all processes that answer have measured since they began, put together."""
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        pages = await asyncio.gather(*(_page(http, address) for address in sorted(set(where))))
    heard = [page for page in pages if page is not None]
    source = f"/metrics of {len(heard)}"
    return [_dwell(stage, buckets, source) for stage, buckets in summed(heard).items()]


def summed(pages: Iterable[str]) -> dict[str, Buckets]:
    """The buckets of each stage over all pages."""
    stages: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for page in pages:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == _BUCKET and sample.labels["stage"] in STAGES:
                    bound = float(sample.labels["le"])
                    stages[sample.labels["stage"]][bound] += sample.value
    return dict(stages)


def quantile(buckets: Buckets, share: float) -> float:
    """The seconds that this share took at most, if values lie evenly within each bucket.

    Of what took longer than the last bound, that bound, as Prometheus has it.
    """
    bounds = sorted(buckets)
    if not buckets[bounds[-1]]:
        return 0.0
    wanted, below_s, before = buckets[bounds[-1]] * share, 0.0, 0.0
    for bound in bounds[:-1]:
        here = buckets[bound] - before
        if here and buckets[bound] >= wanted:
            return below_s + (bound - below_s) * (wanted - before) / here
        below_s, before = bound, buckets[bound]
    return below_s


def _dwell(stage: str, buckets: Buckets, source: str) -> Dwell:
    p50_s, p95_s, p99_s = (quantile(buckets, share) for share in SHARES)
    return Dwell(stage, int(max(buckets.values())), p50_s, p95_s, p99_s, source)


async def _page(http: aiohttp.ClientSession, address: str) -> str | None:
    url = address if "://" in address else f"http://{address}/metrics"
    try:
        async with http.get(url) as response:
            return await response.text() if response.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return None
