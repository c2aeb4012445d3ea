"""Kind domain: what the registry says of a domain's registration."""

import time

from vedette.core.kinds.domain import DomainTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.registration.looking import look_up
from vedette.prober.registration.registration import Registration


class DomainProbe:
    """A domain made ready."""

    def __init__(self, target: DomainTarget) -> None:
        self._target = target

    @property
    def host(self) -> str:
        """The domain."""
        return self._target.name

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Ask the registry, or remember what it said, and judge it."""
        began = time.perf_counter()
        looked = await look_up(context, self.host, timeout_s)
        trouble = looked.trouble
        if trouble is None and looked.registration is not None:
            trouble = self._judge(looked.registration, time.time())
        return Seen(
            (time.perf_counter() - began) * 1000,
            facts=looked.facts,
            trouble=trouble,
            subjects={} if looked.subject is None else {"domain": looked.subject},
        )

    def _judge(self, found: Registration, now_s: float) -> Trouble | None:
        if found.lost is not None:
            return _not_as_expected(f"the status of {self.host} is {found.lost!r}")
        least = self._target.min_days_left
        if least is None:
            return None
        days, at = found.days_left(now_s), found.expires_at
        if days is None or at is None:
            words = f"{found.source} does not tell when {self.host} expires"
            return Trouble(
                Reason.INTERNAL_ERROR, f"{words}: min_days_left must be null for this domain"
            )
        if days < 0:
            return _not_as_expected(f"{self.host} expired on {at:%Y-%m-%d}")
        if days < least:
            when = f"expires in {days:.1f} days ({at:%Y-%m-%d})"
            return _not_as_expected(f"{self.host} {when}, fewer than {least}")
        return None


def _not_as_expected(message: str) -> Trouble:
    return Trouble(Reason.REGISTRATION, message)


PROBE = DomainProbe
