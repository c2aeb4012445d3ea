"""The probes: one module a kind of monitor, found by looking into this folder.

A module here is called as its kind is in `vedette.core.kinds`, and states its PROBE: a class that
makes a probe of that kind's validated target. Adding a kind is adding its module. A kind that the
system may not let a prober check has an OBSTACLE too: a function that says what is in the way.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import metadata
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

    def probe(self, context: Context, timeout_s: float) -> Awaitable[Seen]:
        """Look at the target, for `timeout_s` at most. Failing targets are seen, not raised."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """What this prober can do: a maker of probes for each kind, and why it has none for others."""

    makers: dict[str, Callable[[Any], Probe]]
    """These may raise ValueError for a target that can't be probed."""
    lacking: dict[str, str]
    obstacles: dict[str, Callable[[], str | None]] = field(default_factory=dict)

    def unable(self) -> dict[str, str]:
        """Why kinds can't be checked from here now: a client is lacking, or the system forbids."""
        hindered = {kind: obstacle() for kind, obstacle in self.obstacles.items()}
        return self.lacking | {kind: why for kind, why in hindered.items() if why is not None}


@cache
def offer() -> Offer:
    """What is here: a kind whose client is not installed is lacking, and the others stay."""
    makers: dict[str, Callable[[Any], Probe]] = {}
    lacking: dict[str, str] = {}
    obstacles: dict[str, Callable[[], str | None]] = {}
    for name in sorted(module.name for module in iter_modules(__path__)):
        try:
            module = import_module(f"{__name__}.{name}")
        except ImportError as error:
            if error.name is None or error.name.partition(".")[0] == "vedette":
                raise
            lacking[name] = _lack(name, error)
            continue
        makers[name] = module.PROBE
        if hasattr(module, "OBSTACLE"):
            obstacles[name] = module.OBSTACLE
    return Offer(makers, lacking, obstacles)


def _lack(kind: str, error: ImportError) -> str:
    package = (error.name or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError):
        return f"{package} is not installed; pip install 'vedette[{_extra(kind)}]' adds it"
    return f"{package} is installed and can't be loaded: {error}"


def _extra(kind: str) -> str:
    """The extra that holds a kind's client: its own, or else what every prober should have."""
    return kind if kind in (metadata("vedette").get_all("Provides-Extra") or []) else "prober"
