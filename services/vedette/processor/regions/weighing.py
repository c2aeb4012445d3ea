"""Whether what a region sees is its targets' trouble or its own, pure. Instants are Unix ms.

When most of what a region checked last has turned to failing, that is either a great outage or a
broken region. Its canaries and the other regions know: only what they contradict is doubted. So a
great outage goes through where canaries answer and the other regions agree, or there are none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from vedette.core.outcome import Outcome

SHARE = 0.6
LEAST = 20
"""Fewer monitors prove nothing of their region."""
FEW = 2
"""So many, one after the other, are worth a second look."""
HELD_MS = 60_000
"""How long an alert may wait until enough monitors were checked, if the region is contradicted."""
UNHEARD_MS = 20_000
"""How long it may wait for the other regions to say anything."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a region saw of a monitor."""

    monitor: UUID
    region: str
    slot: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Seen:
    """What the region saw last of a monitor."""

    slot: int
    turned: bool
    """Whether it has turned to failing lately."""
    elsewhere: bool | None = None
    """Whether other regions have seen it fail since then too; None if none has looked."""


class Weight(Enum):
    """What a region's failures are worth."""

    SOUND = "sound"
    DOUBTFUL = "doubtful"
    WORTHLESS = "worthless"


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weight, why, and for how long doubtful alerts may wait."""

    weight: Weight
    why: str = ""
    hold_ms: int = 0


SOUND = Weighed(Weight.SOUND)


def seen_by(region: str, votes: Sequence[Vote], long_down: Collection[UUID]) -> list[Seen]:
    """What a region saw last of each monitor, newest first, and what the others say to it.

    Votes are in the order of their slots. What has been down for long has not turned.
    """
    own: dict[UUID, Vote] = {}
    failing_since: dict[UUID, int] = {}
    for vote in votes:
        if vote.region == region:
            own[vote.monitor] = vote
            if vote.outcome is Outcome.DOWN:
                failing_since.setdefault(vote.monitor, vote.slot)
            else:
                failing_since.pop(vote.monitor, None)
    others = _others(region, votes, failing_since)
    seen = [
        Seen(
            vote.slot,
            turned=monitor in failing_since and monitor not in long_down,
            elsewhere=others.get(monitor),
        )
        for monitor, vote in own.items()
    ]
    return sorted(seen, key=lambda one: one.slot, reverse=True)


def _others(
    region: str, votes: Sequence[Vote], failing_since: Mapping[UUID, int]
) -> dict[UUID, bool]:
    """Whether most of the other regions saw the same, by what each said last since then."""
    last: dict[UUID, dict[str, bool]] = {}
    for vote in votes:
        since = failing_since.get(vote.monitor)
        if vote.region != region and since is not None and vote.slot >= since:
            said = last.setdefault(vote.monitor, {})
            said[vote.region] = vote.outcome is Outcome.DOWN
    return {monitor: sum(said.values()) * 2 > len(said) for monitor, said in last.items()}


def weigh(seen: Sequence[Seen], *, cut_off: bool, shared: bool) -> Weighed:
    """What a region's failures are worth, by what it `seen` last, newest first.

    `cut_off`: no canary answers any of its probers. `shared`: other regions check some of its
    monitors too, so that they could say something.
    """
    if len(seen) < LEAST or not _mostly_turned(seen, FEW):
        return SOUND
    witnesses = [one.elsewhere for one in seen if one.turned and one.elsewhere is not None]
    well = witnesses.count(False)
    contradicted = well * 2 > len(witnesses)
    if not (cut_off or contradicted):
        if witnesses or not shared:
            return SOUND
        return Weighed(Weight.DOUBTFUL, "no other region has said anything yet", UNHEARD_MS)
    why = _why(seen, well, len(witnesses), cut_off=cut_off)
    if _mostly_turned(seen, LEAST):
        return Weighed(Weight.WORTHLESS, why)
    return Weighed(Weight.DOUBTFUL, why, HELD_MS)


def _mostly_turned(seen: Sequence[Seen], least: int) -> bool:
    """Whether over 60 % have turned, of those seen last: of `least`, or any greater number."""
    turned = 0
    for number, one in enumerate(seen, 1):
        turned += one.turned
        if number >= least and turned > SHARE * number:
            return True
    return False


def _why(seen: Sequence[Seen], well: int, witnesses: int, *, cut_off: bool) -> str:
    turned = sum(one.turned for one in seen)
    said = f"{turned} of its {len(seen)} monitors have turned to failing there"
    if cut_off:
        return f"{said}, and no canary answers its probers"
    return f"{said}, of which other regions see {well} of {witnesses} well"
