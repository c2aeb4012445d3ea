"""The probes: one module a kind of monitor, found by looking into this folder.

A module here states its KIND, as in `vedette.core.kinds`, and its PROBE: a class that makes a
probe of that kind's validated target. Adding a kind is adding its module.
"""

from collections.abc import Callable
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


@cache
def probes() -> dict[str, Callable[[Any], Probe]]:
    """What makes a probe of a target, by the kind's name.

    It may raise ValueError for a target that can't be probed.
    """
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return {module.KIND: module.PROBE for module in modules}
