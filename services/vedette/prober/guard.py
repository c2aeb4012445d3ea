"""The guard: which addresses no check may reach. It is asked at connect time."""

from vedette.core.addresses import AddressPolicy
from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble


class Guard(AddressPolicy):
    """A policy of what may be checked."""

    def check(self, ip: str) -> Trouble | None:
        """Why no check may reach this address; None if it may. Raises ValueError for a name."""
        rule = self.rule_against(ip)
        if rule is None:
            return None
        return Trouble(
            Reason.FORBIDDEN_TARGET,
            f"{ip} must not be checked from here: VEDETTE_PROBER_FORBIDDEN names"
            f" {rule.said}; VEDETTE_PROBER_ALLOWED makes exceptions",
        )
