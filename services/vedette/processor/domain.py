"""Judging, pure: from the votes of a round to a monitor's state. Time comes in as a value.

All instants are Unix ms. A *round* is the votes of all regions for one slot; a round that is
decided gives a *verdict*. Consecutive verdicts that contradict the state are a *run*; a run as
long as its threshold changes the state, from the run's first slot on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from vedette.core.events import Cause
from vedette.core.outcome import VOTES, Outcome, Reason
from vedette.core.state import State

# So many intervals without a vote, and what is known is too old to be claimed.
UNSEEN_INTERVALS = 3
# How long after its slot and its timeout a check is still waited for: for its way through queues,
# and for a start that was late by as much as the shortest interval allows. A check may start later
# still (`run_by`, up to a minute), but a silent region would hold up each verdict for so long.
GRACE_MS = 5_000


@dataclass(frozen=True, slots=True)
class Policy:
    """How a monitor wants to be judged. Without an interval nothing is due by itself."""

    interval_ms: int | None
    timeout_ms: int
    failure_threshold: int
    recovery_threshold: int
    retry_ms: int
    rotating: bool = False
    """Whether its regions take turns at regular slots."""
    offset_ms: int = 0
    """Where in the interval regular slots lie."""

    def recheck_at(self, slot: int, *, now: int) -> int | None:
        """When to confirm what was seen at `slot`; None if the next slot comes first anyway.

        If regions take turns, that is never at a regular slot, which is for one region alone.
        """
        if self.interval_ms is None:
            return None
        if not self.rotating:
            return max(slot + self.retry_ms, now) if self.retry_ms < self.interval_ms else None
        at = max(slot + min(self.retry_ms, self.interval_ms), now)
        return at + 1 if at % self.interval_ms == self.offset_ms else at

    @property
    def sight_ms(self) -> int | None:
        """How long a vote vouches for the target; None: until the next one."""
        return None if self.interval_ms is None else UNSEEN_INTERVALS * self.interval_ms


@dataclass(frozen=True, slots=True)
class Standing:
    """How a monitor stands: one row of `monitor_state`."""

    state: State
    since: int
    sequence: int = 0
    verdict: State | None = None
    failures: int = 0
    successes: int = 0
    run_since: int | None = None
    round: int | None = None
    last_vote: int | None = None
    recheck: int | None = None
    revision: int | None = None
    """Of the monitor, when it was judged. None: of a time before that was kept."""

    def is_past(self, slot: int) -> bool:
        """Whether a slot's round can be judged no more: it was, or a later one."""
        return slot <= (self.round or 0)

    @property
    def was_down(self) -> bool:
        """Whether the last judged state was down: an outage that nobody saw end."""
        return self.verdict is State.DOWN


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decided round."""

    slot: int
    outcome: Outcome
    cause: Cause
    alone: bool = False
    """Whether it is that of one region in its turn: then it is but a hint."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state."""

    sequence: int
    previous: State
    state: State
    since: int
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a verdict comes to: the new standing and the changes on the way there.

    `recheck` is a slot to add, because the verdict hints at a change that is not confirmed.
    """

    standing: Standing
    transitions: tuple[Transition, ...] = ()
    recheck: int | None = None


def tally(
    ended: Mapping[str, Outcome],
    asked: Collection[str],
    *,
    unhealthy: Collection[str] = (),
    closed: bool = False,
) -> Outcome | None:
    """The outcome of a round of the regions that were `asked`, or None while it has none.

    `ended` are the outcomes there are so far, by region. It is the worst that a majority saw, of
    those regions that have voted or still may; once it is `closed`, of those that have voted.
    Regions that are `unhealthy`, or whose check saw nothing, have no say. Said early or at the
    close, in whatever order the votes come, it is the same.
    """
    entitled = {region for region in asked if region not in unhealthy}
    heard = [outcome for region, outcome in ended.items() if region in entitled]
    votes = [outcome for outcome in heard if outcome in VOTES]
    awaited = 0 if closed else len(entitled) - len(heard)
    quorum = (len(votes) + awaited) // 2 + 1
    seen_so = 0
    for outcome in (Outcome.DOWN, Outcome.DEGRADED):
        seen_so += votes.count(outcome)
        if seen_so >= quorum:
            return outcome
        if seen_so + awaited >= quorum:
            return None
    return Outcome.UP if votes else None


def closes_at(slot: int, policy: Policy, *, now: int) -> int:
    """When a round that was left open at `now` is closed with the votes there are.

    A vote that itself is late gives the others their time: what kept it may have kept them too.
    """
    return max(slot + policy.timeout_ms, now) + GRACE_MS


def judge(standing: Standing, policy: Policy, verdict: Verdict, *, now: int) -> Judgement:
    """Apply one verdict. A round that is not newer than the last one judged changes nothing."""
    if standing.state is State.PAUSED or standing.is_past(verdict.slot):
        return Judgement(standing)
    unseen = expire(standing, policy, now=verdict.slot)
    if verdict.alone:
        hinted = _take_hint(unseen.standing, policy, verdict, now)
        return replace(hinted, transitions=unseen.transitions)
    counted = _count(unseen.standing, verdict)
    state = _next_state(counted, policy, verdict.outcome)
    if state is counted.state:
        stayed = _stay(counted, policy, verdict, now)
        return replace(stayed, transitions=unseen.transitions)
    changed = _change(counted, state, _began(counted, verdict), verdict.cause)
    settled = replace(_without_run(changed.standing), verdict=state)
    return Judgement(settled, unseen.transitions + changed.transitions)


def patient(policy: Policy, standing: Standing, slot: int, hold_ms: int) -> Policy:
    """The policy while failures are doubted: this one brings no state, but is looked at again.

    A run that has been held for `hold_ms` is held no longer.
    """
    if standing.run_since is not None and slot - standing.run_since >= hold_ms:
        return policy
    return replace(policy, failure_threshold=standing.failures + 2)


def expire(standing: Standing, policy: Policy, *, now: int) -> Judgement:
    """Say `unknown` once the last vote is too old to say anything else."""
    if standing.state is State.PAUSED:
        return Judgement(standing)
    if standing.last_vote is None or policy.sight_ms is None:
        return Judgement(standing)
    seen_until = standing.last_vote + policy.sight_ms
    if now <= seen_until + policy.timeout_ms:
        return Judgement(standing)
    # A run that was broken off confirms nothing.
    unseen = _without_run(standing)
    if standing.state in {State.UNKNOWN, State.PENDING}:
        return Judgement(unseen)
    since = max(seen_until, standing.since)
    return _change(unseen, State.UNKNOWN, since, Cause(reason=Reason.NO_VOTES))


def lose_sight(standing: Standing, slot: int, cause: Cause) -> Judgement:
    """Say `unknown` at once: what was to be seen at `slot` was not, and nothing else will be."""
    if standing.state in {State.PAUSED, State.PENDING} or standing.is_past(slot):
        return Judgement(standing)
    unseen = replace(_without_run(standing), round=slot)
    if standing.state is State.UNKNOWN:
        return Judgement(unseen)
    return _change(unseen, State.UNKNOWN, max(slot, standing.since), cause)


def missed_recheck(standing: Standing, policy: Policy, slot: int, *, now: int) -> Judgement:
    """A confirmation that saw nothing is asked for again."""
    if standing.recheck != slot or standing.state is State.PAUSED:
        return Judgement(standing)
    again = policy.recheck_at(slot, now=now)
    return Judgement(replace(standing, recheck=again), recheck=again)


def revise(standing: Standing, revision: int) -> Standing:
    """As it stands by the present definition: what another one's rounds began confirms nothing.

    A state that people know of holds until something else is seen.
    """
    if standing.revision == revision:
        return standing
    if standing.revision is None:
        return replace(standing, revision=revision)
    verdict = None if standing.state is State.UNKNOWN else standing.verdict
    return replace(_without_run(standing), verdict=verdict, revision=revision)


def pause(standing: Standing, *, at: int) -> Judgement:
    """Stop saying anything; what is under way counts no more."""
    if standing.state is State.PAUSED:
        return Judgement(standing)
    return _change(_afresh(standing, at), State.PAUSED, at, None)


def resume(standing: Standing, *, at: int) -> Judgement:
    """Start afresh, with the slot that is due `at` once: what was known before is too old."""
    if standing.state is not State.PAUSED:
        return Judgement(standing)
    return _change(_afresh(standing, at - 1), State.PENDING, max(at, standing.since), None)


def _count(standing: Standing, verdict: Verdict) -> Standing:
    """Lengthen the run this verdict belongs to, and end the other one."""
    failing = verdict.outcome is Outcome.DOWN
    same_run = bool(standing.failures if failing else standing.successes)
    return replace(
        standing,
        failures=standing.failures + 1 if failing else 0,
        successes=0 if failing else standing.successes + 1,
        run_since=standing.run_since if same_run else verdict.slot,
        round=verdict.slot,
        last_vote=verdict.slot,
    )


def _next_state(standing: Standing, policy: Policy, outcome: Outcome) -> State:
    if outcome is Outcome.DOWN:
        # What was down when it was last seen, and is so again, needs no second look.
        enough = standing.was_down or standing.failures >= policy.failure_threshold
        return State.DOWN if enough else standing.state
    if standing.was_down and standing.successes < policy.recovery_threshold:
        return standing.state
    return State(outcome.value)


def _began(standing: Standing, verdict: Verdict) -> int:
    """When the new state began: with the run that brought it, or at once if it took none."""
    confirmed = standing.was_down or verdict.outcome is Outcome.DOWN
    began = standing.run_since if confirmed and standing.run_since is not None else verdict.slot
    return max(began, standing.since)


def _stay(standing: Standing, policy: Policy, verdict: Verdict, now: int) -> Judgement:
    """The same state; while a run contradicts it, ask for a confirmation."""
    failing = verdict.outcome is Outcome.DOWN
    contradicts = failing is not standing.was_down and (failing or standing.was_down)
    if not contradicts:
        return Judgement(_without_run(standing))
    recheck = policy.recheck_at(verdict.slot, now=now)
    return Judgement(replace(standing, recheck=recheck), recheck=recheck)


def _take_hint(standing: Standing, policy: Policy, verdict: Verdict, now: int) -> Judgement:
    """One region's finding begins a run and has all regions asked; it changes no state.

    Nor does it end a run: only those who are asked together know better. As rounds of all regions
    may be open for longer than a turn lasts, it doesn't count as the last one judged either.
    """
    seen = replace(standing, last_vote=max(standing.last_vote or 0, verdict.slot))
    if verdict.outcome.value == standing.state or _is_being_asked(standing, policy, verdict.slot):
        return Judgement(seen)
    failing = verdict.outcome is Outcome.DOWN
    if failing is not standing.was_down and not (standing.failures or standing.successes):
        first = _count(seen, verdict)
        seen = replace(first, round=standing.round, last_vote=seen.last_vote)
    recheck = policy.recheck_at(verdict.slot, now=now)
    return Judgement(replace(seen, recheck=recheck), recheck=recheck)


def _is_being_asked(standing: Standing, policy: Policy, slot: int) -> bool:
    """Whether a confirmation is under way. One may get lost: by a change of the definition, say."""
    recheck = standing.recheck
    return recheck is not None and slot < recheck + policy.timeout_ms + GRACE_MS


def _change(standing: Standing, state: State, since: int, cause: Cause | None) -> Judgement:
    transition = Transition(standing.sequence + 1, standing.state, state, since, cause)
    changed = replace(standing, state=state, since=since, sequence=transition.sequence)
    return Judgement(changed, (transition,))


def _without_run(standing: Standing) -> Standing:
    return replace(standing, failures=0, successes=0, run_since=None, recheck=None)


def _afresh(standing: Standing, at: int) -> Standing:
    """No past votes, and deaf to those of slots up to `at`."""
    return Standing(
        standing.state, standing.since, standing.sequence, round=at, revision=standing.revision
    )
