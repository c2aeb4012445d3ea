"""Regions as the API shows them."""

from collections.abc import Iterable, Sequence
from typing import Any

from asyncpg import Record
from pydantic import Field

from vedette.core.regions import Trouble
from vedette.gateway.domain.offers import Offers, Prober
from vedette.gateway.views.common import Instant, View, shown


class ProberView(View):
    """A live prober."""

    name: str
    version: str
    kinds: list[str] = Field(description="The kinds of monitors it can check.")
    lacking: dict[str, str] = Field(description="The kinds it can't check, and why.")
    ipv6: bool = Field(description="Whether it has a route to IPv6 addresses.")
    in_flight: int = Field(description="Checks under way when it was last heard of.")
    waiting: int = Field(description="Checks that waited for a place then.")
    concurrency: int = Field(description="Checks it has under way at most.")
    uplink: bool | None = Field(
        description="Whether any of its canaries answers; null if it has none."
    )
    since: Instant = Field(description="When it was first heard of.")
    seen_at: Instant = Field(description="When it was last heard of; each 10 s is usual.")


class RegionView(View):
    """A region: one that has a live prober or had one within an hour, or that a monitor names."""

    name: str
    healthy: bool | None = Field(
        description="Whether its checks can be had and trusted; null before that was looked at."
    )
    since: Instant | None = Field(description="Since when it has been so.")
    trouble: Trouble | None = Field(description="What is wrong while it is unhealthy.")
    message: str | None = Field(description="The same in words.")
    kinds: list[str] = Field(description="The kinds that at least one live prober can check.")
    lacking: dict[str, str] = Field(description="The kinds that no live prober can check, and why.")
    probers: list[ProberView] = Field(description="Those heard of in the last 30 s.")


def region_views(
    rows: Sequence[Record], health: Sequence[Record], named: Iterable[str]
) -> list[dict[str, Any]]:
    """Rows of `store.probers` as answers, by region; `named` are regions to show in any case."""
    offers = Offers(Prober.of(dict(row)) for row in rows)
    known = {row["region"]: row for row in health}
    names = sorted({*named, *(row["region"] for row in rows)})
    return [shown(_region(name, offers, rows, known.get(name))) for name in names]


def _region(name: str, offers: Offers, rows: Sequence[Record], health: Record | None) -> RegionView:
    return RegionView(
        name=name,
        healthy=health and health["healthy"],
        since=health and health["since"],
        trouble=health and health["trouble"],
        message=health and health["message"],
        kinds=offers.kinds(name),
        lacking=offers.lacking(name),
        probers=[
            ProberView.model_validate(dict(row))
            for row in rows
            if row["region"] == name and row["live"]
        ],
    )
