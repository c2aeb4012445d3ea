"""Whether silence means anything: what came while we were deaf may still wait to be read. Pure."""

# Longer than a prober that lost the broker may wait before it tries to hand its results in again.
SETTLE_S = 10.0
# Who has once caught up lets so many wait, for a moment; with more, he falls behind.
FEW = 20
# Between two looks. Frozen or cut off for longer, nobody knows what came meanwhile.
_GAP_S = 5.0


class Hearing:
    """Ours, from one look to the next. Instants are seconds of a monotonic clock.

    One hears again once what waited has been read, and probers had the time to hand in what they
    had kept. Who falls behind, hears nothing of what is going on now.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._looked_at = float("-inf")
        self._caught_up = False

    def listen(self, *, well: bool, now: float) -> None:
        """Note whether messages flow."""
        if not well or now - self._looked_at > _GAP_S:
            self.lose()
        if well and self._since is None:
            self._since = now
        self._looked_at = now

    def lose(self) -> None:
        """Nothing came through."""
        self._since, self._caught_up = None, False

    def catch_up(self, waiting: int) -> None:
        """Note how many messages wait to be read."""
        self._caught_up = waiting == 0 or (self._caught_up and waiting <= FEW)

    def clear(self, *, now: float) -> bool:
        """Whether a vote that is missing is one that did not come."""
        return self._caught_up and self._since is not None and now - self._since >= SETTLE_S
