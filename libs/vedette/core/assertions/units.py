"""Numbers with a unit, in the unit of their subject."""

from vedette.core.assertions.rules import in_days

_SECONDS: dict[str, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DAYS = {unit: seconds / 86_400 for unit, seconds in _SECONDS.items()}
_BYTES: dict[str, float] = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 1_000_000, "MiB": 1024 * 1024}
_UNITS: dict[str, dict[str, float]] = {
    "latency": {unit: seconds * 1000 for unit, seconds in _SECONDS.items()},
    "run_time": _SECONDS,
    "certificate": _DAYS,
    "domain": _DAYS,
    "size": _BYTES,
    "loss": {"%": 1},
}


def quantity(subject: str, property: str | None, number: float, unit: str) -> float:  # noqa: A002
    """`300 ms` as latency is compared: 300. Raises LookupError for a unit it doesn't have."""
    units = _UNITS.get(subject, {})
    if units is _DAYS and not in_days(subject, property):
        units = {}
    if unit not in units:
        known = f"the units {', '.join(units)}" if units else "no unit"
        raise LookupError(f"{subject} has {known}, not {unit!r}")
    return whole(number * units[unit])


def whole(number: float) -> float:
    """The number, as an integer if it is one."""
    rounded = round(number, 9)
    return int(rounded) if rounded == int(rounded) else rounded
