"""Between the database's rows and the domain's values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from vedette.core.events import Cause, MonitorRef
from vedette.core.expiry import DEFAULT_DAYS, Ending
from vedette.core.instants import iso, to_datetime, to_ms
from vedette.core.result import Result
from vedette.core.slots import offset_ms, regions_of
from vedette.core.state import State
from vedette.processor.domain import Policy, Standing

OWN_REGION = "vedette"
"""Where checks are from that no prober made: of monitors that are told how their target is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Before how many days of an end people want to be told, and by which channels."""

    days: Mapping[Ending, Sequence[int]]
    channels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Watched:
    """A monitor as judging needs it: how it stands, how it is judged, how it is called."""

    monitor: MonitorRef
    workspace_id: UUID
    regions: tuple[str, ...]
    revision: int
    paused: bool
    active_since: int
    """When its first slot is due: since it was made, or resumed."""
    policy: Policy
    standing: Standing
    asked: Asked
    cause: Mapping[str, Any]
    """Why it is in its state, as its column holds it."""

    def voters(self, slot: int) -> tuple[str, ...]:
        """The regions that are asked at a slot."""
        policy = self.policy
        if not policy.rotating or policy.interval_ms is None:
            return self.regions
        return regions_of(self.monitor.id, policy.interval_ms, slot, self.regions)


def watched(row: Any) -> Watched:
    """From a row of `store.lock`."""
    spec = row["spec"]
    regions = tuple(spec.get("regions", (OWN_REGION,)))
    rotating = len(regions) > 1 and spec.get("regions_mode") == "rotate"
    return Watched(
        monitor=MonitorRef(
            id=row["monitor_id"],
            name=spec["name"],
            kind=spec["kind"],
            target=row["target"],
            tags=spec["tags"],
        ),
        workspace_id=row["workspace_id"],
        regions=regions,
        # Whoever judged it last may have seen a newer definition than this row shows.
        revision=max(row["revision"], row["judged_revision"] or 0),
        paused=row["paused"],
        active_since=to_ms(row["active_since"]),
        policy=Policy(
            interval_ms=spec["interval_s"] * 1000 if "interval_s" in spec else None,
            timeout_ms=int(spec.get("timeout_s", 0) * 1000),
            failure_threshold=spec["failure_threshold"],
            recovery_threshold=spec["recovery_threshold"],
            retry_ms=spec.get("retry_interval_s", 0) * 1000,
            rotating=rotating,
            offset_ms=offset_ms(row["monitor_id"], spec["interval_s"] * 1000) if rotating else 0,
        ),
        standing=_standing(row),
        asked=asked_by(spec),
        cause=row["cause"] or {},
    )


def asked_by(spec: Mapping[str, Any]) -> Asked:
    """What a definition says of notices before an end."""
    tls = spec["target"].get("tls")
    verified = not isinstance(tls, dict) or tls.get("verify", True)
    days = {
        # Definitions of before don't have these fields.
        Ending.CERTIFICATE: spec.get("certificate_days", DEFAULT_DAYS) if verified else (),
        Ending.DOMAIN: spec.get("domain_days", ()),
    }
    return Asked(days, spec["channels"])


def _standing(row: Any) -> Standing:
    return Standing(
        state=State(row["state"]),
        since=to_ms(row["since"]),
        sequence=row["sequence"],
        verdict=State(row["verdict"]) if row["verdict"] else None,
        failures=row["failures"],
        successes=row["successes"],
        run_since=_ms(row["run_since"]),
        round=_ms(row["round"]),
        last_vote=_ms(row["last_vote"]),
        recheck=_ms(row["recheck"]),
        revision=row["judged_revision"],
    )


def cause_of(result: Result, region: str) -> Cause:
    """A check as the cause of a state."""
    return Cause(
        outcome=result.outcome,
        reason=result.reason,
        message=result.message,
        region=region,
        slot=iso(result.slot),
        duration_ms=result.duration_ms,
        phases=result.phases,
        facts=result.facts,
    )


def cause_of_row(row: Any) -> Cause:
    """A row of `store.votes` as the cause of a state."""
    detail = row["detail"] or {}
    return Cause(
        outcome=row["outcome"],
        reason=row["reason"],
        message=row["message"],
        region=row["region"],
        slot=iso(to_ms(row["slot"])),
        duration_ms=None if row["duration_ms"] is None else round(row["duration_ms"], 3),
        phases=detail.get("phases", {}),
        facts=detail.get("facts", {}),
    )


def stored(cause: Cause | None) -> dict[str, Any] | None:
    """A cause as its JSON column holds it."""
    return None if cause is None else cause.model_dump(mode="json", exclude_none=True)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def at(ms: int | None) -> datetime | None:
    """A column's value."""
    return None if ms is None else to_datetime(ms)
