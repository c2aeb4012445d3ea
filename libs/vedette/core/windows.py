"""The windows of a maintenance: the stretches of time in which alerts wait.

Instants are Unix ms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from vedette.core.maintenance import MaintenanceSpec

# A window that goes on and on, each time begun anew before its end, is followed no further.
_FOLLOWED = 500


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` on, and before `end`."""

    start: int
    end: int

    def holds(self, at_ms: int) -> bool:
        """Whether an instant lies in it."""
        return self.start <= at_ms < self.end


def window_at(spec: MaintenanceSpec, at_ms: int) -> Window | None:
    """The window that an instant lies in; ones that overlap or touch are one."""
    first = next(_merged(spec, at_ms), None)
    return first if first is not None and first.holds(at_ms) else None


def next_window(spec: MaintenanceSpec, at_ms: int) -> Window | None:
    """The first window that begins after an instant, whatever goes on at it."""
    return next((one for one in _merged(spec, at_ms) if one.start > at_ms), None)


def windows_between(spec: MaintenanceSpec, begin_ms: int, end_ms: int) -> list[Window]:
    """The windows that have a part in the time from `begin_ms` on and before `end_ms`, in order."""
    return list(takewhile(lambda one: one.start < end_ms, _merged(spec, begin_ms)))


@dataclass(frozen=True, slots=True)
class Started:
    """A window began; `until` is its end as planned."""

    start: int
    until: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A window that began at `start` is over."""

    start: int
    end: int


def turns(
    spec: MaintenanceSpec | None,
    going_since: int | None,
    *,
    after_ms: int,
    changed_ms: int,
    now_ms: int,
) -> list[Started | Ended]:
    """What happened after `after_ms`, up to `now_ms`, in order.

    `going_since` is the start of the window that was going on then. One that its maintenance, as
    it was changed at `changed_ms` or deleted (None), has no more, ended with that change.
    """
    windows = [] if spec is None else windows_between(spec, after_ms, now_ms + 1)
    found: list[Started | Ended] = []
    if going_since is not None:
        goes_on = windows.pop(0) if windows and windows[0].start <= after_ms else None
        end = max(going_since, changed_ms) if goes_on is None else goes_on.end
        if goes_on is None or end <= now_ms:
            found.append(Ended(going_since, min(end, now_ms)))
    for window in windows:
        start = max(window.start, after_ms)
        found.append(Started(start, window.end))
        if window.end <= now_ms:
            found.append(Ended(start, window.end))
    return found


def next_turn(spec: MaintenanceSpec | None, at_ms: int) -> int | None:
    """When the next window begins, or the one that goes on ends; None if nothing follows."""
    if spec is None:
        return None
    going = window_at(spec, at_ms)
    if going is not None:
        return going.end
    following = next_window(spec, at_ms)
    return None if following is None else following.start


def _merged(spec: MaintenanceSpec, at_ms: int) -> Iterator[Window]:
    """The windows that end after an instant, those that overlap or touch made one."""
    current: Window | None = None
    times = 0
    for start in _reaching(spec, at_ms):
        if current is not None and start > current.end:
            yield current
            current, times = None, 0
        begun = start if current is None else current.start
        current = Window(begun, start + spec.length_ms)
        times += 1
        if times == _FOLLOWED:
            break
    if current is not None:
        yield current


def _reaching(spec: MaintenanceSpec, at_ms: int) -> Iterator[int]:
    """The starts whose windows end after an instant."""
    return spec.starts_after(at_ms - spec.length_ms) if spec.enabled else iter(())
