"""The registration of a target's domain beside what a check of another kind has seen of it."""

import time

from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.registration.looking import look_up


async def beside(context: Context, host: str, seen: Seen, until: float) -> Seen:
    """What was seen, and the registration, for assertions to look at; `until` as by perf_counter.

    A target that is in trouble is not looked up; the time that it takes is not the target's.
    """
    if seen.trouble is not None or "domain" in seen.subjects:
        return seen
    looked = await look_up(context, host, until - time.perf_counter())
    return seen._replace(
        facts={**seen.facts, **looked.facts},
        trouble=looked.trouble,
        subjects={**seen.subjects, "domain": looked.subject},
    )
