"""How it gets to the check that a registry gave no answer."""

from vedette.core.errors import VedetteError
from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble

SOON_S = 300.0
"""After how long a registry that gave no answer is asked again."""
_LATEST_S = 3600.0


class Unanswered(VedetteError):
    """There is no answer to judge a domain by, and that is no fault of the domain's."""

    def __init__(self, message: str, *, reason: Reason = Reason.INTERNAL_ERROR) -> None:
        super().__init__(message)
        self.trouble = Trouble(reason, message)
        self.again_after_s = SOON_S

    def again(self) -> "Unanswered":
        """The same anew, to be raised once more."""
        return Unanswered(str(self), reason=self.trouble.reason).not_before(self.again_after_s)

    def not_before(self, wait_s: float) -> "Unanswered":
        """The same, to be asked again after at least that long, within reason."""
        self.again_after_s = min(max(wait_s, SOON_S), _LATEST_S)
        return self


def failed(doing: str, trouble: Trouble) -> Unanswered:
    """What went wrong on the way. What the guard forbids stays forbidden; the rest is ours."""
    forbidden = trouble.reason is Reason.FORBIDDEN_TARGET
    reason = trouble.reason if forbidden else Reason.INTERNAL_ERROR
    return Unanswered(f"{doing}: {trouble.message}", reason=reason)
