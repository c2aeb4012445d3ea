"""Checks of registrations, with stand-ins for the registries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vedette.core.kinds.domain import DomainTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.domain import DomainProbe
from vedette.prober.registration.registries import Registries
from vedette.testing.registry import Rdap, Whois, running_rdap, running_whois


@dataclass(frozen=True)
class World:
    """RDAP for `com`; WHOIS for all else: a root, a registry and a registrar."""

    context: Context
    rdap: Rdap
    root: Whois
    registry: Whois
    registrar: Whois

    async def look(self, name: str, *, timeout_s: float = 10, **target: Any) -> Seen:
        """Check a domain once."""
        return await DomainProbe(DomainTarget(name=name, **target)).probe(self.context, timeout_s)


@asynccontextmanager
async def registries(context: Context) -> AsyncIterator[World]:
    """Registries that know nothing yet."""
    async with (
        running_rdap("com") as rdap,
        running_whois() as root,
        running_whois() as registry,
        running_whois() as registrar,
    ):
        root.answers["de"] = root.answers["ru"] = f"refer:        {registry.name}\n"
        asking = replace(context, registries=Registries(rdap.bootstrap, root.name))
        yield World(asking, rdap, root, registry, registrar)
        await asking.registries.close()


def in_days(days: float) -> str:
    """A date as RDAP writes it."""
    at = datetime.now(UTC) + timedelta(days=days)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def trouble(seen: Seen) -> tuple[Reason, str]:
    """What went wrong."""
    assert seen.trouble is not None
    return seen.trouble.reason, seen.trouble.message
