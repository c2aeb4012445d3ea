"""One-off checks: run a definition once, and keep nothing."""

from aiohttp import web

from vedette.core.kinds import kinds
from vedette.core.monitor import ProbedSpec
from vedette.core.result import Result
from vedette.gateway import changes
from vedette.gateway.context import Call
from vedette.gateway.domain.offers import Offers
from vedette.gateway.endpoint import PREFIX, Answer, Body, Endpoint, reply
from vedette.gateway.offered import offers, refused, wanted
from vedette.gateway.problems import FieldError, Problem, invalid
from vedette.gateway.reading import read_object
from vedette.store.clock import now_ms
from vedette.store.pool import connection

_UNNAMED = "One-off check"


async def run(call: Call) -> web.Response:
    """Run a definition once, in its region."""
    spec = changes.parse({"name": _UNNAMED, **await read_object(call.request)})
    if not isinstance(spec, ProbedSpec):
        words = f"monitors of kind {spec.kind} are told how their target is; there is no check"
        raise invalid([FieldError(field="kind", message=words, rule="passive")])
    if len(spec.regions) > 1:
        one = FieldError(field="regions", message="a one-off check has one region", rule="one")
        raise invalid([one])
    async with connection(call.pool) as db:
        offered = await offers(db)
    if errors := refused(offered, wanted(spec)):
        raise invalid(errors)
    region = spec.regions[0]
    if not offered.knows(region):  # nor is a queue made for whatever somebody names
        raise _no_prober(region, "is known", offered)
    patience_s = spec.timeout_s + call.gateway.settings.check_margin_s
    try:
        result = await call.gateway.prober.run(spec, at_ms=now_ms(), within_s=patience_s)
    except TimeoutError:
        raise _no_prober(region, "answered", offered) from None
    return reply(result)


def _no_prober(region: str, verb: str, offered: Offers) -> Problem:
    words = f"no prober of region {region} {verb}"
    others = offered.regions
    if others and region not in others:
        words = f"{words}; live probers are in {', '.join(others)}"
    return Problem(504, words, kind="no-prober")


ENDPOINTS = (
    Endpoint(
        method="POST", path=f"{PREFIX}/check", handle=run,
        summary="Run a check once, without keeping anything",
        body=Body(
            tuple(model for model in kinds().values() if not model.PASSIVE),
            optional=("name",),
            examples={"http": {"kind": "http", "target": {"url": "https://shop.example/"}}},
        ),
        answers={200: Answer("What the prober found.", (Result,))},
        problems=(504,),
    ),
)  # fmt: skip
