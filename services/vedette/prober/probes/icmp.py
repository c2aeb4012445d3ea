"""Kind icmp: a series of echo requests, within one deadline."""

from statistics import fmean

from vedette.core.kinds.icmp import IcmpTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.icmp.pinger import obstacle
from vedette.prober.icmp.series import Series
from vedette.prober.icmp.verdict import loss_percent, numbers, round_trips_ms, trouble_of
from vedette.prober.streams.addresses import addresses_of
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped


class IcmpProbe:
    """An ICMP target made ready."""

    def __init__(self, target: IcmpTarget) -> None:
        self._target = target

    @property
    def host(self) -> str:
        """The target's host."""
        return self._target.host

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Ping it."""
        course = Course(self.host, timeout_s)
        try:
            address = await self._address(context, course)
            course.enter("setup", f"preparing to ping {address}")
            series = self._series(context, address)
            course.enter("rtt", f"waiting for {address}")
            await series.run(course.remaining_s())
        except Stopped as stopped:
            course.leave()
            return Seen(course.duration_ms, course.phases, trouble=stopped.trouble)
        course.leave()
        return self._seen(address, series, course)

    async def _address(self, context: Context, course: Course) -> str:
        """The first address that may be checked. Raises Stopped."""
        target = self._target
        refusals: list[Trouble] = []
        for address in await addresses_of(context, course, target.host, target.ip_protocol, None):
            refusal = context.guard.check(address)
            if refusal is None:
                return address
            refusals.append(refusal)
        raise Stopped(refusals[0].reason, refusals[0].message)

    def _series(self, context: Context, address: str) -> Series:
        echoes = context.pinger.echoes(address)
        if isinstance(echoes, Trouble):
            raise Stopped(echoes.reason, echoes.message)
        try:
            return Series(self._target, echoes, address)
        except OSError as error:
            message = f"the prober can't send to {address}: {error.strerror}"
            raise Stopped(Reason.INTERNAL_ERROR, message) from error

    def _seen(self, address: str, series: Series, course: Course) -> Seen:
        rtts_ms = round_trips_ms(series.sent)
        if rtts_ms:
            course.phases["rtt"] = fmean(rtts_ms)
        return Seen(
            # How long the target takes to answer, not how long we take between two packets.
            duration_ms=fmean(rtts_ms) if rtts_ms else course.duration_ms,
            phases=course.phases,
            facts={"ip": address, **numbers(series.sent)},
            trouble=trouble_of(address, series, course.timeout_s),
            subjects={
                "ip": address,
                **({"loss": loss_percent(series.sent)} if series.sent else {}),
            },
        )


PROBE = IcmpProbe
OBSTACLE = obstacle
