"""Regions as the API shows them."""

from collections.abc import Iterable, Sequence
from typing import Any

from asyncpg import Record
from pydantic import Field

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
    since: Instant = Field(description="When it was first heard of.")
    seen_at: Instant = Field(description="When it was last heard of; each 10 s is usual.")


class RegionView(View):
    """A region: one that has a live prober or had one within an hour, or that a monitor names."""

    name: str
    kinds: list[str] = Field(description="The kinds that at least one live prober can check.")
    lacking: dict[str, str] = Field(description="The kinds that no live prober can check, and why.")
    probers: list[ProberView] = Field(description="Those heard of in the last 30 s.")


def region_views(rows: Sequence[Record], named: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of `store.probers` as answers, by region; `named` are regions to show in any case."""
    offers = Offers(Prober.of(dict(row)) for row in rows)
    names = sorted({*named, *(row["region"] for row in rows)})
    return [shown(_region(name, offers, rows)) for name in names]


def _region(name: str, offers: Offers, rows: Sequence[Record]) -> RegionView:
    return RegionView(
        name=name,
        kinds=offers.kinds(name),
        lacking=offers.lacking(name),
        probers=[
            ProberView.model_validate(dict(row))
            for row in rows
            if row["region"] == name and row["live"]
        ],
    )
