"""The probes: one module a kind of monitor, found by looking into this folder.

A module here is called as its kind is in `vedette.core.kinds`, and states its PROBE: a class that
makes a probe of that kind's validated target. Adding a kind is adding its module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

from vedette.prober.context import Context
from vedette.prober.domain import Seen


class Probe(Protocol):
    """A target made ready to be looked at, any number of times, also at once."""

    @property
    def host(self) -> str:
        """Whose load this is: checks of one host are limited together."""
        ...

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Look at the target, for `timeout_s` at most. Failing targets are seen, not raised."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """What this prober can do: a maker of probes for each kind, and why it has none for others."""

    makers: dict[str, Callable[[Any], Probe]]
    """These may raise ValueError for a target that can't be probed."""
    lacking: dict[str, str]


@cache
def offer() -> Offer:
    """What is here: a kind whose client is not installed is lacking, and the others stay."""
    makers: dict[str, Callable[[Any], Probe]] = {}
    lacking: dict[str, str] = {}
    for name in sorted(module.name for module in iter_modules(__path__)):
        try:
            makers[name] = import_module(f"{__name__}.{name}").PROBE
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] == "vedette":
                raise
            lacking[name] = f"{error.name} is not installed; pip install 'vedette[{name}]' adds it"
    return Offer(makers, lacking)
