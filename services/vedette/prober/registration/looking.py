"""Looking a registration up: over RDAP or, where there is no such service, over WHOIS."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vedette.core.outcome import Reason
from vedette.core.registrable import registrable
from vedette.prober.context import Context
from vedette.prober.domain import Trouble
from vedette.prober.registration import bootstrap, rdap, whois
from vedette.prober.registration.registration import Registration
from vedette.prober.registration.unanswered import Unanswered

_STEP_S = 20.0
"""How long each of those that are asked may take; checks wait no longer than their timeout."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a check learns of a registration: either that, or the trouble."""

    registration: Registration | None
    trouble: Trouble | None
    facts: Mapping[str, str | int | float | bool]
    subject: Mapping[str, Any] | None


async def look_up(context: Context, host: str, timeout_s: float) -> Looked:
    """The registration of a host's domain, from the registry or as it was an hour ago at most."""
    domain = registrable(host)
    if domain is None:
        return _in_vain(f"{host} belongs to no domain that a registry knows")
    came = await context.registries.domains.get(domain, lambda: _ask(context, domain), timeout_s)
    if came is None:
        return _in_vain(f"the registry of {domain} took longer than {timeout_s:.1f} s to answer")
    entry, fresh = came
    asked: dict[str, str | int | float | bool] = {
        "domain_looked_up_at": _iso(entry.asked_at),
        "domain_cached": not fresh,
    }
    if isinstance(entry.found, Unanswered):
        return Looked(None, entry.found.trouble, asked, None)
    found, now_s = entry.found, time.time()
    trouble = None
    if not found.exists:
        trouble = Trouble(Reason.REGISTRATION, f"{domain} is not registered, says {found.source}")
    return Looked(found, trouble, found.facts(now_s) | asked, found.subject(now_s))


async def _ask(context: Context, domain: str) -> Registration:
    """Raises Unanswered."""
    registries = context.registries
    url = registries.rdap_bootstrap
    listed = await registries.services.get(url, lambda: bootstrap.services(context, url, _STEP_S))
    assert listed is not None
    service = bootstrap.service_of(listed[0].answer, domain)
    if service is not None:
        return await rdap.ask(context, service, domain, _STEP_S)
    root, tld = registries.whois_root, domain.rpartition(".")[2]
    referred = await registries.servers.get(tld, lambda: whois.refer(context, root, tld, _STEP_S))
    assert referred is not None
    return await whois.ask(context, referred[0].answer, domain, _STEP_S)


def _in_vain(message: str) -> Looked:
    return Looked(None, Trouble(Reason.INTERNAL_ERROR, message), {}, None)


def _iso(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
