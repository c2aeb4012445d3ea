"""What is asked of a broker that has let us in."""

import uuid
from typing import Any

from pamqp import body, commands, header

from vedette.core.outcome import Reason
from vedette.prober.rabbitmq.link import Link, LookAt
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped

_CHANNEL = 1


class Asking:
    """A channel to ask on."""

    def __init__(self, link: Link, course: Course) -> None:
        self._link = link
        self._course = course

    async def begin(self) -> None:
        """Open the channel: the least that a broker does for anybody."""
        self._course.enter("exchange", "open a channel")
        await self._link.say(_CHANNEL, commands.Channel.Open())
        await self._link.hear("a channel", commands.Channel.OpenOk)

    async def look_at(self, queue: str) -> dict[str, Any]:
        """How a queue is, if it is. Raises Stopped."""
        self._course.now(f"look for the queue {queue}")
        await self._link.say(_CHANNEL, LookAt(queue))
        found = await self._link.hear("the queue's state", commands.Queue.DeclareOk)
        return {"messages": found.message_count, "consumers": found.consumer_count}

    async def round_trip(self) -> None:
        """Send a message to a queue of our own, and fetch it again. Raises Stopped."""
        self._course.now("make a queue for the round trip")
        await self._link.say(_CHANNEL, commands.Confirm.Select())
        await self._link.hear("its promise to confirm", commands.Confirm.SelectOk)
        own = commands.Queue.Declare(exclusive=True, auto_delete=True)
        await self._link.say(_CHANNEL, own)
        made = await self._link.hear("a queue", commands.Queue.DeclareOk)
        message = uuid.uuid4().bytes
        await self._publish(message, str(made.queue))
        came = await self._fetch(str(made.queue))
        if came != message:
            words = f"{self._course.peer} gave another message than the one it was sent"
            raise Stopped(Reason.ANSWER, f"{self._course.doing}: {words}")

    async def _publish(self, message: bytes, queue: str) -> None:
        self._course.now("publish a message")
        await self._link.say(
            _CHANNEL,
            commands.Basic.Publish(routing_key=queue, mandatory=True),
            header.ContentHeader(body_size=len(message)),
            body.ContentBody(message),
        )
        basic = commands.Basic
        confirmed = await self._link.hear("a confirmation", basic.Ack, basic.Nack, basic.Return)
        if isinstance(confirmed, basic.Return):
            said = f"{confirmed.reply_code} {confirmed.reply_text}"
            raise self._not_taken(f"returned the message: {said}")
        if isinstance(confirmed, basic.Nack):
            raise self._not_taken("refused the message (Basic.Nack)")

    async def _fetch(self, queue: str) -> bytes:
        self._course.now("fetch the message")
        await self._link.say(_CHANNEL, commands.Basic.Get(queue=queue, no_ack=True))
        basic = commands.Basic
        found = await self._link.hear("the message", basic.GetOk, basic.GetEmpty)
        if isinstance(found, basic.GetEmpty):
            raise self._not_taken("confirmed the message, but does not have it")
        head = await self._link.hear("the message's header", header.ContentHeader)
        came = b""
        while len(came) < head.body_size:
            part = await self._link.hear("the message's body", body.ContentBody)
            came += part.value
        return came

    def _not_taken(self, words: str) -> Stopped:
        return Stopped(Reason.STATUS, f"{self._course.doing}: {self._course.peer} {words}")
