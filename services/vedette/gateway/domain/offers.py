"""What the probers offer, by region: which kinds can be checked where, and what speaks against it.

What the live probers of a region offer counts. While there is none, as when they are started
again, what those offered that were heard of last; of a region that nobody was heard of from,
nothing is known, and nothing is refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from vedette.core.instants import iso, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """A prober that was heard of lately."""

    name: str
    region: str
    version: str
    kinds: Sequence[str]
    lacking: Mapping[str, str]
    live: bool
    seen_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `store.probers`."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    def why_not(self, kind: str) -> str:
        """Why it doesn't offer a kind."""
        return self.lacking.get(kind, f"version {self.version} does not know it")


class Offers:
    """What all regions offer."""

    def __init__(self, probers: Iterable[Prober]) -> None:
        self._by_region: dict[str, list[Prober]] = defaultdict(list)
        for prober in probers:
            self._by_region[prober.region].append(prober)

    @property
    def regions(self) -> list[str]:
        """Those with a live prober."""
        return sorted(region for region in self._by_region if self._live(region))

    def knows(self, region: str) -> bool:
        """Whether a prober of a region was heard of lately, live or not."""
        return region in self._by_region

    def kinds(self, region: str) -> list[str]:
        """The kinds that at least one live prober of a region can check."""
        return sorted({kind for prober in self._live(region) for kind in prober.kinds})

    def lacking(self, region: str) -> dict[str, str]:
        """The kinds that are known to live probers of a region and that none can check, and why."""
        offered, live = self.kinds(region), self._live(region)
        named = {kind for prober in live for kind in prober.lacking}
        return {kind: _reasons(kind, live) for kind in sorted(named.difference(offered))}

    def refusal(self, region: str, kind: str) -> str | None:
        """Why a monitor of a kind can't be watched from a region, if it is known that it can't."""
        heard = self._by_region.get(region, [])
        counted = self._live(region) or heard
        if not counted or any(kind in prober.kinds for prober in counted):
            return None
        offered = sorted({kind for prober in counted for kind in prober.kinds})
        who = f"no live prober of region {region} offers kind {kind}"
        if not self._live(region):
            who = f"no prober of region {region} is live, and none that was offered kind {kind}"
        return f"{who}: {_reasons(kind, counted)}; on offer: {', '.join(offered) or 'nothing'}"

    def warnings(self, regions: Iterable[str], kind: str) -> list[str]:
        """What keeps a monitor from being checked, now or at times, one line a trouble."""
        return [line for region in regions for line in self._warnings(region, kind)]

    def _warnings(self, region: str, kind: str) -> Iterable[str]:
        live = self._live(region)
        if not live:
            yield self._silence(region)
        if (refusal := self.refusal(region, kind)) is not None:
            yield refusal
            return
        for prober in live:
            if kind not in prober.kinds:
                yield (
                    f"prober {prober.name} of region {region} does not offer kind {kind}:"
                    f" {prober.why_not(kind)}; checks that reach it end as internal_error"
                )

    def _silence(self, region: str) -> str:
        heard = self._by_region.get(region)
        if not heard:
            return f"no prober of region {region} is known: nothing is checked until one is there"
        last = iso(to_ms(max(prober.seen_at for prober in heard)))
        return f"no prober of region {region} is live; the last was heard of at {last}"

    def _live(self, region: str) -> list[Prober]:
        return [prober for prober in self._by_region.get(region, []) if prober.live]


def _reasons(kind: str, probers: Iterable[Prober]) -> str:
    return "; ".join(dict.fromkeys(prober.why_not(kind) for prober in probers))
