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
    looked_up, connected, secured, first_byte, ended = times
    if not connected:
        return {"connect": _ms(looked_up, ended)}
    phases = {"connect": _ms(looked_up, connected)}
    ready = connected
    if secure:
        phases["tls"] = _ms(ready, secured or ended)
        if not secured:
            return phases
        ready = secured
    phases["first_byte"] = _ms(ready, first_byte or ended)
    if first_byte:
        phases["transfer"] = _ms(first_byte, ended)
    return phases


def phases_until(times: Times) -> dict[str, float]:
    """The phases of a transfer that never came as far as the target."""
    return {"connect": _ms(times.looked_up, times.ended)}


def without_connecting(phases: dict[str, float]) -> dict[str, float]:
    """The phases of a transfer that found its connection ready."""
    return {phase: ms for phase, ms in phases.items() if phase not in {"connect", "tls"}}


def _ms(start: int, end: int) -> float:
    return (end - start) / 1000 if end > start else 0.0
