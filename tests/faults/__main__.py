"""Does it hold? Faults of every kind against a whole Vedette, and a judge who knows the truth.

    python -m tests.faults [--seed N] [--minutes 10] [--monitors 300] [--only kill-scheduler,…]
                           [--embedded 2]

Real processes, two of each service, in three regions, with RabbitMQ, PostgreSQL, Redis, a mail
server and a receiver of webhooks of their own; or, --embedded, `vedette up` with so many probers in
processes of their own. Targets break by a script; faults come in random order, or, with --only, in
the order given. In the end the judge compares what was true with what was stored and received.
Prints a table and a JSON object, and exits with 1 when the bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from tests.faults.embedded import running_embedded
from tests.faults.embedded_faults import EMBEDDED_FAULTS
from tests.faults.faults import FAULTS
from tests.faults.judge import Verdict
from tests.faults.report import as_json, table
from tests.faults.run import P, Plan, Run
from tests.faults.setting import Fault
from tests.faults.world import running_world


def main() -> int:
    """The exit code."""
    options = _options()
    if options.embedded:
        return _play(options, EMBEDDED_FAULTS, running_embedded(options.embedded))
    return _play(options, FAULTS, running_world(own_network=os.geteuid() == 0))


def _play(
    options: argparse.Namespace,
    known: Mapping[str, Fault[P]],
    place: AbstractAsyncContextManager[P],
) -> int:
    if options.list:
        for fault in known.values():
            print(f"{fault.name:<24} {_words(fault.inject)}")
        return 0
    faults = _chosen(options, known)
    for fault in faults:
        if (obstacle := fault.obstacle()) is not None:
            sys.stderr.write(
                f"{fault.name} {obstacle}; or leave it out by --without {fault.name}\n"
            )
            return 2
    plan = Plan(
        seed=options.seed,
        monitors=options.monitors,
        seconds=options.minutes * 60,
        faults=faults,
        shuffled=not options.only,
        quick=options.pace,
    )
    form = {"embedded, probers": options.embedded} if options.embedded else {}
    print(f"seed {plan.seed}: {plan.monitors} monitors, {options.minutes:g} minutes", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # all that was started must end
    verdict = asyncio.run(_run(place, plan, keep=options.keep))
    run = {"seed": plan.seed, "monitors": plan.monitors, "minutes": options.minutes, **form}
    print(table(verdict))
    print(as_json(verdict, **run))
    return 0 if verdict.holds else 1


async def _run(place: AbstractAsyncContextManager[P], plan: Plan[P], *, keep: bool) -> Verdict:
    began = time.monotonic()
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # that brokers go away is the point

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {what}", flush=True)

    async with place as world:
        say(f"everything runs; logs are in {world.logs}")
        verdict = None
        try:
            verdict = await Run(world, plan, say).verdict()
        finally:
            held = verdict is not None and verdict.holds
            if not held or keep:
                say(f"the logs stay in {world.logs}")
    if held and not keep:
        shutil.rmtree(world.directory, ignore_errors=True)
    return verdict


def _chosen(options: argparse.Namespace, known: Mapping[str, Fault[P]]) -> list[Fault[P]]:
    """In the order given; else in one that does not depend on how they are listed."""
    wanted = _names(options.only, known) or sorted(known)
    left_out = _names(options.without, known)
    return [known[name] for name in wanted if name not in left_out]


def _names(listed: str, known: Collection[str]) -> Sequence[str]:
    names = [name for name in listed.split(",") if name]
    for name in names:
        if name not in known:
            raise SystemExit(f"no such fault: {name}; --list says which there are")
    return names


def _words(inject: object) -> str:
    documented = getattr(inject, "func", inject)
    return (documented.__doc__ or "").partition("\n")[0]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--monitors", type=int, default=300)
    parser.add_argument("--pace", type=float, default=1, help="of how long faults last")
    parser.add_argument("--only", default="", help="these faults, in this order")
    parser.add_argument("--without", default="", help="not these faults")
    parser.add_argument(
        "--embedded",
        type=int,
        default=0,
        metavar="PROBERS",
        help="`vedette up` with so many probers",
    )
    parser.add_argument("--list", action="store_true", help="say what faults there are")
    parser.add_argument("--keep", action="store_true", help="keep the logs whatever comes of it")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
