"""Does it hold? Faults of every kind against a whole Vedette, and a judge who knows the truth.

    python -m tests.faults [--seed N] [--minutes 10] [--monitors 300] [--only kill-scheduler,…]

Real processes, two of each service, in three regions, with RabbitMQ, PostgreSQL, Redis, a mail
server and a receiver of webhooks of their own. Targets break by a script; faults come in random
order, or, with --only, in the order given. In the end the judge compares what was true with what
was stored and received. Prints a table and a JSON object, and exits with 1 when the bar is missed.
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
from collections.abc import Sequence

from tests.faults.faults import FAULTS
from tests.faults.judge import Verdict
from tests.faults.report import as_json, table
from tests.faults.run import Plan, Run
from tests.faults.world import running_world


def main() -> int:
    """The exit code."""
    options = _options()
    if options.list:
        for fault in FAULTS.values():
            print(f"{fault.name:<18} {_words(fault.inject)}")
        return 0
    names = _chosen(options)
    if not options.only:
        names.sort()
    for name in names:
        if (obstacle := FAULTS[name].obstacle()) is not None:
            sys.stderr.write(f"{name} {obstacle}; or leave it out by --without {name}\n")
            return 2
    plan = Plan(
        seed=options.seed,
        monitors=options.monitors,
        seconds=options.minutes * 60,
        faults=names,
        shuffled=not options.only,
        quick=options.pace,
    )
    print(f"seed {plan.seed}: {plan.monitors} monitors, {options.minutes:g} minutes", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # all that was started must end
    verdict = asyncio.run(_run(plan, keep=options.keep))
    run = {"seed": plan.seed, "monitors": plan.monitors, "minutes": options.minutes}
    print(table(verdict))
    print(as_json(verdict, **run))
    return 0 if verdict.holds else 1


async def _run(plan: Plan, *, keep: bool) -> Verdict:
    began = time.monotonic()
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # that brokers go away is the point

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {what}", flush=True)

    async with running_world(own_network=os.geteuid() == 0) as world:
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


def _chosen(options: argparse.Namespace) -> list[str]:
    wanted = _names(options.only) or list(FAULTS)
    left_out = _names(options.without)
    return [name for name in wanted if name not in left_out]


def _names(listed: str) -> Sequence[str]:
    names = [name for name in listed.split(",") if name]
    for name in names:
        if name not in FAULTS:
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
    parser.add_argument("--list", action="store_true", help="say what faults there are")
    parser.add_argument("--keep", action="store_true", help="keep the logs whatever comes of it")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
