"""What is known of a running Vedette, by which it is judged whether it is well."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """What became of the newest slots that must be stored by now, of a sample of the monitors."""

    due: int = 0
    seen: int = 0
    absent: int = 0
    """Not stored at all."""
    missed: int = 0
    """Stored as missed, in all regions."""

    @property
    def unseeing(self) -> int:
        """That saw nothing for a fault of ours."""
        return self.due - self.seen - self.absent - self.missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is known of a running Vedette. Seconds are by the database's clock."""

    services: dict[str, int] = field(default_factory=dict)
    """Live processes of each service."""
    probers: dict[str, int] = field(default_factory=dict)
    """Live probers of each region that has monitors or had a prober of late."""
    watched: frozenset[str] = frozenset()
    """Regions that monitors are checked from."""
    unhealthy: dict[str, str] = field(default_factory=dict)
    """What is wrong with regions that are unhealthy."""
    uncheckable: dict[str, str] = field(default_factory=dict)
    """What no live prober of a region can check that is to be checked there, and why."""
    versions: dict[str, int] = field(default_factory=dict)
    """Live processes and probers of each version."""
    skews: dict[str, float] = field(default_factory=dict)
    """How far each live process's clock is from the database's, ms."""
    unowned: int = 0
    """Shards that no scheduler holds."""
    behind_s: float = 0
    """How long ago that was up to which every shard was sent out."""
    sample: Sample = Sample()
    outbox_s: float = 0
    """Age of the oldest event that is not published."""
    outbox: int = 0
    overdue_s: float = 0
    """How long ago the delivery was due that waits longest and that nobody attends to."""
    overdue: int = 0
    unfollowed: int = 0
    """Changes of state that nobody has turned into incidents for `UNFOLLOWED_S`."""
