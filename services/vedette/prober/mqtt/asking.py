"""What is asked of a broker."""

import ssl
import uuid
from contextlib import suppress

from vedette.core.kinds.mqtt import MqttTarget
from vedette.prober.mqtt import packets
from vedette.prober.mqtt.link import Link
from vedette.prober.mqtt.packets import Message, Packet
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped

_SUBSCRIPTION, _PUBLICATION = 1, 2
# As long as every broker of version 3.1.1 must take it: 23 letters and digits.
_OWN_DIGITS = 16


class Asking:
    """A client of a broker, for one check."""

    def __init__(self, link: Link, course: Course, target: MqttTarget) -> None:
        self._link = link
        self._course = course
        self._target = target

    async def log_in(self) -> None:
        """Be let in. Raises Stopped."""
        target = self._target
        client_id = target.client_id or f"vedette{uuid.uuid4().hex[:_OWN_DIGITS]}"
        named = f" as {target.username}" if target.username is not None else ""
        self._course.enter("login", f"log in{named}")
        await self._link.say(
            packets.connect(
                target.version, client_id, target.keepalive_s, target.username, target.password
            )
        )
        answer = await self._link.hear("an answer to the login (CONNACK)", packets.CONNACK)
        self._link.check(answer, packets.connack_code)

    async def log_out(self) -> None:
        """Say goodbye, if anybody listens."""
        with suppress(Stopped, ssl.SSLError):
            await self._link.say(packets.DISCONNECT_PACKET)

    async def ping(self) -> None:
        """See that it is alive: the least that a broker does for anybody. Raises Stopped."""
        self._course.enter("exchange", "ping")
        await self._link.say(packets.PINGREQ_PACKET)
        await self._link.hear("an answer to the ping (PINGRESP)", packets.PINGRESP)

    async def listen(self) -> Message:
        """The first message that comes to the topic. Raises Stopped."""
        first = await self._subscribe(retained=True)
        while first is None:
            packet = await self._link.hear("a message (PUBLISH)", packets.PUBLISH)
            first = await self._take(packet)
        return first

    async def round_trip(self) -> None:
        """Send a message to the topic, and wait for it. Raises Stopped."""
        await self._subscribe(retained=False)
        target, sent = self._target, f"vedette {uuid.uuid4()}".encode()
        topic = str(target.topic)
        self._course.now(f"wait for the message that was published to {topic}")
        await self._link.say(packets.publish(target.version, _PUBLICATION, topic, sent, target.qos))
        pending = {packets.PUBLISH, packets.PUBACK} if target.qos else {packets.PUBLISH}
        while pending:
            packet = await self._link.hear("the message", packets.PUBLISH, packets.PUBACK)
            if packet.kind == packets.PUBACK:
                self._link.check(packet, packets.puback_code)
                pending.discard(packets.PUBACK)
            elif (await self._take(packet)).payload == sent:
                pending.discard(packets.PUBLISH)

    async def _subscribe(self, *, retained: bool) -> Message | None:
        """Subscribe to the topic; a message may come before the broker says that it is so."""
        target, first = self._target, None
        topic = str(target.topic)
        self._course.now(f"subscribe to {topic}")
        await self._link.say(
            packets.subscribe(target.version, _SUBSCRIPTION, topic, target.qos, retained=retained)
        )
        while True:
            packet = await self._link.hear(
                "an answer to the subscription (SUBACK)", packets.SUBACK, packets.PUBLISH
            )
            if packet.kind == packets.SUBACK:
                self._link.check(packet, packets.suback_code)
                self._course.now(f"wait for a message on {topic}")
                return first
            first = first or await self._take(packet)

    async def _take(self, packet: Packet) -> Message:
        message = self._link.decoded(packet, packets.message_in)
        if message.number:
            await self._link.say(packets.acknowledge(message.number))
        return message
