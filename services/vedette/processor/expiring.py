"""Telling of certificates and registrations that end soon, in the transaction of the check.

It costs a query only where something ends within the days that were asked for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from vedette.core.events import CertificateExpiring, DomainExpiring
from vedette.core.expiry import Ending, Expiry, certificate_expiry, domain_expiry, due, nearest
from vedette.core.instants import iso, to_datetime
from vedette.core.result import Result
from vedette.processor.ledger import Ledger
from vedette.processor.rows import Watched
from vedette.store.pool import Connection

_DAY_MS = 86_400_000
FACTS = {
    Ending.CERTIFICATE: ("certificate_expires_at", "chain_expires_at"),
    Ending.DOMAIN: ("domain_expires_at",),
}
"""Which facts of a check tell of an end."""

Key = tuple[UUID, Ending, str]
"""A monitor, and what of it ends."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that ends within the days that were asked for."""

    who: Watched
    result: Result
    expiry: Expiry

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.who.monitor.id, self.expiry.what, self.expiry.identity


@dataclass(frozen=True, slots=True)
class Notice:
    """A candidate that people are told of, and for which number of days."""

    candidate: Candidate
    threshold: int


async def tell_of_endings(
    db: Connection,
    monitors: Iterable[Watched],
    results: Mapping[UUID, Sequence[Result]],
    ledger: Ledger,
) -> None:
    """Tell of what ends soon. The monitors' states are locked, so each is told of once."""
    candidates: dict[Key, Candidate] = {}
    for who in monitors:
        for result in results[who.monitor.id]:
            for candidate in _candidates(who, result, ledger.now):
                candidates[candidate.key] = candidate
    if not candidates:
        return
    told = await _told(db, list(candidates))
    notices = []
    for key, candidate in candidates.items():
        asked_for = candidate.who.asked.days[candidate.expiry.what]
        threshold = due(candidate.expiry, asked_for, told.get(key, ()), now=ledger.now)
        if threshold is not None:
            notices.append(Notice(candidate, threshold))
    if notices:
        await _keep(db, notices)
    for notice in notices:
        ledger.tell(notice.candidate.who, _event(notice, ledger.now))


async def forget_ended(db: Connection) -> None:
    """Let go of notices of what has ended."""
    await db.execute("delete from expiry_notice where expires_at < now()")


def _candidates(who: Watched, result: Result, now: int) -> Iterator[Candidate]:
    # What an older definition saw says nothing of this one.
    if not result.facts or result.revision != who.revision or who.paused:
        return
    for what, asked_for in who.asked.days.items():
        if not asked_for or not _may_be_near(result, what, now, max(asked_for)):
            continue
        expiry = _expiry(result, what)
        if expiry is not None and nearest(expiry.days_left(now), asked_for) is not None:
            yield Candidate(who, result, expiry)


def _may_be_near(result: Result, what: Ending, now: int, most_days: int) -> bool:
    """Whether a fact tells of an end in so many days; compared as texts, for that is cheap."""
    for name in FACTS[what]:
        stated = result.facts.get(name)
        if isinstance(stated, str) and stated < _after(now, most_days + 1):
            return True
    return False


@lru_cache(maxsize=64)
def _after(now: int, days: int) -> str:
    return iso(now + days * _DAY_MS)


def _expiry(result: Result, what: Ending) -> Expiry | None:
    if what is Ending.DOMAIN:
        return domain_expiry(result.facts)
    return certificate_expiry(result.facts, result.reason)


def _event(notice: Notice, now: int) -> CertificateExpiring | DomainExpiring:
    candidate = notice.candidate
    expiry, facts = candidate.expiry, candidate.result.facts
    common = {
        "monitor": candidate.who.monitor,
        "expires_at": iso(expiry.at),
        "days_left": expiry.days_left(now),
        "threshold": notice.threshold,
        "channels": candidate.who.asked.channels,
    }
    if expiry.what is Ending.DOMAIN:
        domain, registrar = facts.get("domain", ""), facts.get("domain_registrar")
        return DomainExpiring.model_validate(common | {"domain": domain, "registrar": registrar})
    known = {name: facts.get(f"certificate_{name}") for name in ("issuer", "serial", "fingerprint")}
    return CertificateExpiring.model_validate(common | known | {"of_chain": expiry.of_chain})


async def _told(db: Connection, keys: Sequence[Key]) -> dict[Key, list[int]]:
    """For which numbers of days people were told already."""
    rows = await db.fetch(
        "select monitor_id, what, identity, array_agg(threshold) as thresholds"
        " from expiry_notice join unnest($1::uuid[], $2::text[], $3::text[]) as k (m, w, i)"
        " on monitor_id = k.m and what = k.w and identity = k.i group by 1, 2, 3",
        [monitor for monitor, _, _ in keys],
        [what for _, what, _ in keys],
        [identity for _, _, identity in keys],
    )
    return {
        (row["monitor_id"], Ending(row["what"]), row["identity"]): row["thresholds"] for row in rows
    }


async def _keep(db: Connection, notices: Sequence[Notice]) -> None:
    """Remember; that nobody else has told of it meanwhile, the key sees to."""
    keys = [notice.candidate.key for notice in notices]
    await db.execute(
        "insert into expiry_notice (monitor_id, what, identity, threshold, expires_at)"
        " select * from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[],"
        " $5::timestamptz[])",
        [monitor for monitor, _, _ in keys],
        [what for _, what, _ in keys],
        [identity for _, _, identity in keys],
        [notice.threshold for notice in notices],
        [to_datetime(notice.candidate.expiry.at) for notice in notices],
    )
