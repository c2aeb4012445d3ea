"""Events as the other services send them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from vedette.core.events import (
    Cause,
    CertificateExpiring,
    ChannelTest,
    DomainExpiring,
    Event,
    EventData,
    IncidentOpened,
    IncidentRef,
    IncidentReminded,
    IncidentResolved,
    MonitorRef,
    RegionOutage,
    RegionRecovered,
    RegionUnhealthy,
)
from vedette.core.instants import to_ms
from vedette.core.outcome import Outcome, Reason
from vedette.notifier.storm import Member, digest_of

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SINCE = "2026-01-31T14:03:07.250Z"
RESOLVED = "2026-01-31T14:07:19.250Z"
WORKSPACE = UUID(int=1)


def a_monitor(**changes: Any) -> MonitorRef:
    """A shop's API."""
    facts = {
        "id": UUID(int=7),
        "name": "Shop API",
        "kind": "http",
        "target": "GET https://shop.example.org/health",
    }
    return MonitorRef.model_validate({**facts, **changes})


def an_incident(**changes: Any) -> IncidentRef:
    """It answers 503."""
    facts = {
        "id": uuid4(),
        "since": SINCE,
        "opened_at": "2026-01-31T14:03:12.500Z",
        "cause": Cause(
            outcome=Outcome.DOWN,
            reason=Reason.STATUS,
            message="expected status between 200 and 299, saw 503",
            region="eu-west",
            duration_ms=123.4,
            phases={"resolve": 3.2, "connect": 20.1, "tls": 41.0, "first_byte": 59.1},
            facts={"status": 503},
        ),
    }
    return IncidentRef.model_validate({**facts, **changes})


def opened(
    incident: IncidentRef, *, workspace: UUID = WORKSPACE, monitor: MonitorRef | None = None
) -> Event:
    """The monitor went down."""
    return _event(IncidentOpened(incident=incident, monitor=monitor or a_monitor()), workspace)


def resolved(
    incident: IncidentRef,
    *,
    workspace: UUID = WORKSPACE,
    resolution: str = "recovered",
    monitor: MonitorRef | None = None,
) -> Event:
    """The incident ended."""
    over = IncidentRef.model_validate(
        {
            **incident.model_dump(),
            "state": "resolved",
            "resolved_at": RESOLVED,
            "duration_s": 252.0,
            "resolution": resolution,
        }
    )
    return _event(IncidentResolved(incident=over, monitor=monitor or a_monitor()), workspace)


def expiring(
    *, workspace: UUID = WORKSPACE, monitor: MonitorRef | None = None, **changes: Any
) -> Event:
    """The certificate ends within seven days."""
    facts = {
        "monitor": monitor or a_monitor(),
        "expires_at": "2026-02-07T02:00:00.000Z",
        "days_left": 6,
        "threshold": 7,
        "issuer": "CN=R3,O=Let's Encrypt,C=US",
        "serial": "0a1b",
    }
    return _event(CertificateExpiring.model_validate(facts | changes), workspace)


def domain_expiring(
    *, workspace: UUID = WORKSPACE, monitor: MonitorRef | None = None, **changes: Any
) -> Event:
    """The registration ends within a day."""
    facts = {
        "monitor": monitor or a_monitor(kind="domain", target="domain example.org"),
        "expires_at": "2026-02-01T02:00:00.000Z",
        "days_left": 0,
        "threshold": 1,
        "domain": "example.org",
        "registrar": "Names Inc.",
    }
    return _event(DomainExpiring.model_validate(facts | changes), workspace)


def an_outage(**changes: Any) -> RegionOutage:
    """A region that lost its probers."""
    facts = {
        "id": uuid4(),
        "region": "eu",
        "trouble": "no_probers",
        "message": "no prober of region eu was heard of for 30 s or longer",
        "since": SINCE,
        "monitors": 12,
        "alone": 8,
    }
    return RegionOutage.model_validate(facts | changes)


def unhealthy(outage: RegionOutage, *, workspace: UUID = WORKSPACE) -> Event:
    """The region can't check."""
    return _event(RegionUnhealthy(outage=outage), workspace)


def recovered(
    outage: RegionOutage, resolution: Any = "recovered", *, workspace: UUID = WORKSPACE
) -> Event:
    """The region can check again."""
    return _event(RegionRecovered(outage=outage.ended(RESOLVED, resolution)), workspace)


def reminded(incident: IncidentRef, number: int = 1, *, workspace: UUID = WORKSPACE) -> Event:
    """The monitor is still down."""
    data = IncidentReminded(incident=incident, monitor=a_monitor(), number=number, down_s=252.0)
    return _event(data, workspace)


def a_test(channel: UUID, test: UUID, *, workspace: UUID = WORKSPACE) -> Event:
    """Somebody asked for a test message."""
    data = ChannelTest(channel_id=channel, channel_name="On call", test_id=test)
    return _event(data, workspace)


def _event(data: EventData, workspace: UUID) -> Event:
    return Event.of(data, workspace=workspace, at_ms=AT_MS, traceparent=TRACEPARENT)


def at(text: str) -> int:
    """Unix ms of an instant."""
    from datetime import datetime

    return to_ms(datetime.fromisoformat(text))


AT_MS = at(RESOLVED)


def a_digest(*events: Event, transition: Any = "opened") -> Event:
    """One message about all of these."""
    members = [
        Member(id=uuid4(), event=event.model_dump(mode="json"), opened=None, outdated=False)
        for event in events
    ]
    digest = digest_of(uuid4(), uuid4(), transition, members)
    assert digest is not None
    return Event.model_validate(digest.envelope)
