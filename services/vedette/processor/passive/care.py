"""Looking after monitors that are told how their target is, whenever there is something to see."""

import structlog
from pydantic import ValidationError

from vedette.core.grouping import sum_up
from vedette.core.kinds import parse_monitor
from vedette.core.kinds.group import GroupMonitor
from vedette.core.kinds.heartbeat import HeartbeatMonitor
from vedette.core.kinds.push import PushMonitor
from vedette.core.monitor import MonitorSpec
from vedette.core.reporting import Vigil
from vedette.core.result import Result
from vedette.processor.judging import record
from vedette.processor.ledger import Ledger
from vedette.processor.passive.reports import Looked, look
from vedette.processor.passive.store import Listening, PassiveStore, Ward
from vedette.processor.rows import OWN_REGION
from vedette.processor.store import Store
from vedette.store.clock import now_ms
from vedette.store.pool import Pool, connection, transaction
from vedette.store.waking import REPORTS, listening

AT_ONCE = 50
_POLL_S = 1.0
_PUT_OFF_MS = 60_000
log = structlog.get_logger()


class Care:
    """Looks after whoever is to be looked after. Any number may run: they share the work out."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Go on until cancelled. Raises Transient."""
        async with listening(self._pool, REPORTS) as waker:
            while not waker.closed:
                while await self.look_after_some():
                    pass
                await waker.wait(_POLL_S)

    async def look_after_some(self) -> int:
        """One transaction: what was reported or is due, recorded and judged. Says of how many."""
        async with connection(self._pool) as db:
            if not await PassiveStore(db).any_awake(now_ms()):  # as mostly
                return 0
        async with transaction(self._pool) as db:
            store, passive, ledger = Store(db), PassiveStore(db), Ledger(now_ms())
            wards = await passive.awake(ledger.now, AT_ONCE)
            if not wards:
                return 0
            await store.begin([ward.id for ward in wards])  # they may overtake their events
            listened = await passive.listening()
            results: list[Result] = []
            for ward in wards:
                try:
                    spec = parse_monitor(ward.spec)
                except ValidationError:
                    log.exception("a monitor can't be read", monitor=str(ward.id))
                    await passive.put_off(ward, until=ledger.now + _PUT_OFF_MS)
                    continue
                looked = await _look(passive, ward, spec, ledger.now, listened)
                results += looked.results
                await passive.settle(
                    ward, looked.vigil, read_through=looked.read_through, wake_at=looked.wake_at
                )
            await record(store, OWN_REGION, results, ledger)
            await ledger.save(store)
        return len(wards)


async def _look(
    passive: PassiveStore, ward: Ward, spec: MonitorSpec, now: int, listened: Listening
) -> Looked:
    match spec:
        case GroupMonitor():
            return await _sum_up(passive, ward, spec, now)
        case HeartbeatMonitor() | PushMonitor():
            arrivals = await passive.arrivals(ward)
            return look(ward, spec, arrivals, listened, now=now)
        case _:
            raise AssertionError(f"kind {spec.kind} is not passive")


async def _sum_up(passive: PassiveStore, ward: Ward, group: GroupMonitor, now: int) -> Looked:
    members = await passive.members(ward, group.target.members)
    came_to = sum_up(members, group.target.needs)
    vigil = ward.vigil or Vigil()
    slot = max(now, vigil.last_slot + 1)
    result = Result(
        monitor_id=ward.id,
        revision=ward.revision,
        slot=slot,
        outcome=came_to.outcome,
        reason=came_to.reason,
        message=came_to.message,
        facts=dict(came_to.counts),
    )
    return Looked(Vigil(last_slot=slot), [result], ward.read_through, wake_at=None)
