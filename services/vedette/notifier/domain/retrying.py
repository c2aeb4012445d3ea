"""Whether a message is sent after all, and what a failed attempt means for it."""

from vedette.notifier.delivery import Claim, Failed, Retry, SendFailed, Skipped
from vedette.notifier.words import duration, without_quotes

_FIRST_RETRY_S = 2.0
_LONGEST_RETRY_S = 300.0
_JITTER = 0.2
_LONGEST_RETRY_AFTER_S = 900.0
# What a provider took in without telling us shows up in its own records only after a while.
_SETTLING_S = 10.0


def before_sending(claim: Claim) -> Failed | Skipped | None:
    """Why a message is not to be sent after all; None when it is."""
    if claim.delivery.members and not claim.delivery.told:
        return Skipped("not sent: there is nothing left to tell")
    if claim.opened in {"failed", "skipped"}:
        return Skipped("not sent: the recipient was never told that it went down")
    if claim.outdated:
        return Skipped("not sent: a later message says more")
    if claim.channel_deleted:
        return Failed("the channel was deleted")
    return None


def after_failure(
    failure: SendFailed, claim: Claim, *, give_up_after_s: float, jitter: float
) -> Retry | Failed:
    """What a failed attempt means for the delivery. `jitter` lies between -1 and 1."""
    # Servers like to quote the recipient; logs and events must not.
    error = without_quotes(str(failure), claim.delivery.recipient)
    if failure.permanent:
        return Failed(error)
    wait_s = max(
        backoff(claim.attempt, jitter),
        min(failure.retry_after_s, _LONGEST_RETRY_AFTER_S),
        _SETTLING_S if failure.uncertain else 0,
    )
    if claim.age_s + wait_s > give_up_after_s:
        return Failed(f"given up after {duration(claim.age_s)}, {claim.attempt} attempts: {error}")
    return Retry(wait_s, error, doubtful=failure.uncertain)


def backoff(attempt: int, jitter: float) -> float:
    """Seconds until the attempt after this one (from 1)."""
    # The exponent is bounded first: attempts are not, and floats overflow.
    doubled = _FIRST_RETRY_S * float(2 ** min(attempt - 1, 16))
    return min(doubled, _LONGEST_RETRY_S) * (1 + _JITTER * jitter)
