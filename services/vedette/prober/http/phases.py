"""How long each phase of a transfer took."""

from typing import NamedTuple


class Times(NamedTuple):
    """When a transfer reached its marks, in microseconds from its start; 0 if it didn't."""

    looked_up: int
    connected: int
    secured: int
    first_byte: int
    ended: int

    @classmethod
    def on_a_connection(cls, first_byte: int, ended: int) -> "Times":
        """Those of a transfer that found its connection ready."""
        return cls(looked_up=0, connected=1, secured=1, first_byte=first_byte, ended=ended)


def phases_of(times: Times, *, secure: bool) -> dict[str, float]:
    """Milliseconds in each phase that was entered, in order; where it failed is the last."""
    if not times.connected:
        return {"connect": _ms(times.looked_up, times.ended)}
    phases = {"connect": _ms(times.looked_up, times.connected)}
    ready = times.connected
    if secure:
        phases["tls"] = _ms(ready, times.secured or times.ended)
        if not times.secured:
            return phases
        ready = times.secured
    phases["first_byte"] = _ms(ready, times.first_byte or times.ended)
    if times.first_byte:
        phases["transfer"] = _ms(times.first_byte, times.ended)
    return phases


def phases_until(times: Times) -> dict[str, float]:
    """The phases of a transfer that never came as far as the target."""
    return {"connect": _ms(times.looked_up, times.ended)}


def without_connecting(phases: dict[str, float]) -> dict[str, float]:
    """The phases of a transfer that found its connection ready."""
    return {phase: ms for phase, ms in phases.items() if phase not in {"connect", "tls"}}


def _ms(start: int, end: int) -> float:
    return max(0, end - start) / 1000
