"""Whether what a definition asks for is offered: no monitor that nobody can check is taken."""

from collections.abc import Mapping, Sequence
from typing import Any

from vedette.core.monitor import MonitorSpec
from vedette.gateway.domain.offers import Offers, Prober
from vedette.gateway.problems import FieldError
from vedette.gateway.store import probers
from vedette.store.pool import Connection

_RULE = "not_offered"


async def offers(db: Connection) -> Offers:
    """What the probers of all regions offer now."""
    return Offers(Prober.of(dict(row)) for row in await probers.known(db))


def refused(
    offers: Offers, spec: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> list[FieldError]:
    """The fields that ask for what no prober offers.

    What was taken `before` stays: a prober that lost a client must not keep anybody from an edit.
    Kinds that nobody probes have no regions, and need no prober.
    """
    kind, regions = spec["kind"], _regions(spec)
    kept = _regions(before) if before is not None and before["kind"] == kind else []
    refusals = {
        index: refusal
        for index, region in enumerate(regions)
        if region not in kept and (refusal := offers.refusal(region, kind)) is not None
    }
    if not refusals:
        return []
    if len(refusals) == len(regions):
        words = "; ".join(dict.fromkeys(refusals.values()))
        return [FieldError(field="kind", message=words, rule=_RULE)]
    return [
        FieldError(field=f"regions[{index}]", message=words, rule=_RULE)
        for index, words in refusals.items()
    ]


def wanted(spec: MonitorSpec) -> dict[str, Any]:
    """The part of a definition that says what is to be offered, and where."""
    return spec.model_dump(include={"kind", "regions"})


def warnings(offers: Offers, spec: Mapping[str, Any]) -> list[str]:
    """What keeps a monitor from being checked as defined, now or at times."""
    return offers.warnings(_regions(spec), spec["kind"])


def _regions(spec: Mapping[str, Any]) -> Sequence[str]:
    found: Sequence[str] = spec.get("regions", [])
    return found
