"""Hears Vedette's events: python consumer.py [--replay SECONDS] [PATTERN...]

    AMQP_URL=amqp://acme:password@broker.example/ NAME=acme python consumer.py 'incident.*'

Without --replay it listens on a queue of its own, `integrator.<NAME>.events`, which keeps what
happens while this program is away. With it, it begins in the stream of all events, that many
seconds ago. It prints each event as a line of JSON: put your own work in `handle`.

It needs aio-pika: pip install aio-pika
"""

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError

PREFETCH = 50
LONGEST_PAUSE_S = 30.0
MOST_REMEMBERED = 10_000
seen: OrderedDict[str, None] = OrderedDict()


async def handle(event: dict[str, Any]) -> None:
    """Deal with an event.

    One may come twice, with the same id. Where doing your work twice would matter over a restart of
    this program too, keep the id together with what you do, under a unique key.
    """
    if event["id"] in seen:
        return
    print(json.dumps(event), flush=True)
    seen[event["id"]] = None
    if len(seen) > MOST_REMEMBERED:
        seen.popitem(last=False)


def asked_for(name: str) -> Callable[[str], bool]:
    """Whether a pattern takes an event: `*` is one word, `#` any number of them."""

    def takes(pattern: str) -> bool:
        words = re.escape(pattern).replace(r"\*", r"[^.]+")
        words = words.replace(r"\.\#", r"(\..+)?").replace(r"\#", ".*")
        return re.fullmatch(words, name) is not None

    return takes


async def source(
    channel: AbstractChannel, name: str, chosen: argparse.Namespace
) -> tuple[AbstractQueue, dict[str, Any]]:
    """What to listen on, and how."""
    if chosen.replay is not None:
        # A stream holds all events; those that aren't asked for are passed over in `deliver`.
        stream = await channel.get_queue("vedette.events.stream", ensure=False)
        return stream, {"x-stream-offset": f"{chosen.replay}s"}
    queue = await channel.declare_queue(
        f"integrator.{name}.events", durable=True, arguments={"x-queue-type": "quorum"}
    )
    for pattern in chosen.patterns or ["#"]:
        await queue.bind("vedette.events", pattern)
    return queue, {}


async def listen(url: str, name: str, chosen: argparse.Namespace) -> None:
    """Listen until the connection is lost."""
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def lose(*_: object) -> None:
        if not lost.done():
            lost.set_result(None)

    async def deliver(message: AbstractIncomingMessage) -> None:
        try:
            if any(map(asked_for(message.routing_key or ""), chosen.patterns or ["#"])):
                await handle(json.loads(message.body))
            await message.ack()
        except Exception as error:
            # What can't be handled is given back with the connection, and comes again.
            print(repr(error), file=sys.stderr)
            lose()

    async with await aio_pika.connect(url) as connection:
        connection.close_callbacks.add(lose)
        channel = await connection.channel()
        channel.close_callbacks.add(lose)
        await channel.set_qos(prefetch_count=PREFETCH)
        queue, how = await source(channel, name, chosen)
        await queue.consume(deliver, arguments=how)
        print(f"listening on {queue.name}", file=sys.stderr, flush=True)
        await lost


async def main() -> None:
    """Listen for ever; what is lost is connected again."""
    options = argparse.ArgumentParser(description="Hears Vedette's events.")
    options.add_argument("--replay", type=int, metavar="SECONDS")
    options.add_argument("patterns", nargs="*", metavar="PATTERN")
    chosen = options.parse_args()
    url, name = os.environ.get("AMQP_URL"), os.environ.get("NAME")
    if not url or not name:
        sys.exit("set AMQP_URL and NAME")
    pause_s = 0.5
    while True:
        began = time.monotonic()
        try:
            await listen(url, name, chosen)
        except (AMQPError, OSError) as error:
            print(error, file=sys.stderr, flush=True)
        if time.monotonic() - began > LONGEST_PAUSE_S:
            pause_s = 0.5
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


if __name__ == "__main__":
    asyncio.run(main())
