"""MQTT's packets, of versions 3.1.1 and 5 (OASIS standards of 2014 and 2019)."""

import struct
from dataclasses import dataclass
from typing import Any, Literal

from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers
from paho.mqtt.reasoncodes import ReasonCode

Version = Literal["3.1.1", "5"]

CONNACK = PacketTypes.CONNACK
PUBLISH = PacketTypes.PUBLISH
PUBACK = PacketTypes.PUBACK
SUBACK = PacketTypes.SUBACK
PINGRESP = PacketTypes.PINGRESP
DISCONNECT = PacketTypes.DISCONNECT
PINGREQ_PACKET = bytes([PacketTypes.PINGREQ << 4, 0])
DISCONNECT_PACKET = bytes([DISCONNECT << 4, 0])
FAILURES = 0x80
"""Reason codes from here on are failures."""

MALFORMED = (MQTTException, struct.error, LookupError, ValueError)
"""What reading a packet that is none raises."""

_LEVELS = {"3.1.1": 4, "5": 5}
_CLEAN, _WITH_PASSWORD, _WITH_NAME = 0x02, 0x40, 0x80
_NO_RETAINED = 0x20
_REFUSALS = {
    1: "Unsupported protocol version",
    2: "Client identifier not valid",
    3: "Server unavailable",
    4: "Bad user name or password",
    5: "Not authorized",
}
# Paho ships no types.
_properties: Any = Properties
_length: Any = VariableByteIntegers.encode


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it came."""

    kind: int
    flags: int
    body: bytes

    @property
    def name(self) -> str:
        """What the standard calls it."""
        return str(PacketTypes.Names[self.kind]).upper()


@dataclass(frozen=True, slots=True)
class Message:
    """What a PUBLISH packet brings. `number` is 0 when it wants no acknowledgement."""

    topic: str
    payload: bytes
    retained: bool
    number: int


def connect(
    version: Version,
    client_id: str,
    keepalive_s: int,
    username: str | None,
    password: str | None,
) -> bytes:
    """The packet that logs in."""
    flags = _CLEAN
    flags |= _WITH_NAME if username is not None else 0
    flags |= _WITH_PASSWORD if password is not None else 0
    head = _text("MQTT") + struct.pack("!BBH", _LEVELS[version], flags, keepalive_s)
    logins = [_text(each) for each in (username, password) if each is not None]
    return _packet(PacketTypes.CONNECT << 4, head, _nothing(version), _text(client_id), *logins)


def subscribe(version: Version, number: int, topic: str, qos: int, *, retained: bool) -> bytes:
    """The packet that asks for what comes to a topic; of what is kept there, if `retained`."""
    options = qos | (0 if retained or version != "5" else _NO_RETAINED)
    head = struct.pack("!H", number) + _nothing(version)
    return _packet(PacketTypes.SUBSCRIBE << 4 | 2, head, _text(topic), bytes([options]))


def publish(version: Version, number: int, topic: str, payload: bytes, qos: int) -> bytes:
    """The packet that sends a message."""
    numbered = struct.pack("!H", number) if qos else b""
    return _packet(PUBLISH << 4 | qos << 1, _text(topic), numbered, _nothing(version), payload)


def acknowledge(number: int) -> bytes:
    """The packet that says that a message has come."""
    return _packet(PUBACK << 4, struct.pack("!H", number))


def message_in(version: Version, packet: Packet) -> Message:
    """The message in a PUBLISH packet. Raises one of MALFORMED."""
    (size,) = struct.unpack_from("!H", packet.body)
    topic, at = packet.body[2 : 2 + size].decode(), 2 + size
    number = 0
    if packet.flags & 0x06:
        (number,) = struct.unpack_from("!H", packet.body, at)
        at += 2
    if version == "5":
        at += _read_properties(PUBLISH, packet.body[at:])[1]
    if at > len(packet.body):
        raise ValueError("it ends before its payload")
    return Message(topic, packet.body[at:], bool(packet.flags & 0x01), number)


def connack_code(version: Version, packet: Packet) -> tuple[int, str]:
    """The code of the answer to a login, and its words. Raises one of MALFORMED."""
    if len(packet.body) < 2 or (version != "5" and len(packet.body) != 2):
        raise ValueError(f"it has {len(packet.body)} bytes")
    code = packet.body[1]
    # One who knows no version 5 answers in the words of its own.
    if version != "5" or code in _REFUSALS:
        return code, _REFUSALS.get(code, "")
    return code, _words(CONNACK, code, packet.body[2:])


def suback_code(version: Version, packet: Packet) -> tuple[int, str]:
    """The code of the answer to a subscription, and its words. Raises one of MALFORMED."""
    rest = packet.body[2:]
    return rest[-1], _words(SUBACK, rest[-1], rest if version == "5" else b"")


def puback_code(_version: Version, packet: Packet) -> tuple[int, str]:
    """The code of the answer to a message, and its words. Raises one of MALFORMED."""
    code = packet.body[2] if len(packet.body) > 2 else 0
    return code, _words(PUBACK, code, packet.body[3:])


def disconnect_code(_version: Version, packet: Packet) -> tuple[int, str]:
    """The code of a goodbye, and its words. Raises one of MALFORMED."""
    code = packet.body[0] if packet.body else 0
    return code, _words(DISCONNECT, code, packet.body[1:])


def _words(kind: int, code: int, properties: bytes) -> str:
    """A code's name, what the broker says of it, and where it sends us instead."""
    try:
        name = ReasonCode(kind, identifier=code).getName()
    except (KeyError, ValueError):
        name = ""
    said = _read_properties(kind, properties)[0] if properties else None
    more = [getattr(said, each, None) for each in ("ReasonString", "ServerReference")]
    return ": ".join(filter(None, [name, *more]))


def _read_properties(kind: int, octets: bytes) -> tuple[Any, int]:
    read: tuple[Any, int] = _properties(kind).unpack(octets)
    return read


def _nothing(version: Version) -> bytes:
    """No properties, where there might be some."""
    return b"\0" if version == "5" else b""


def _packet(first: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([first]) + bytes(_length(len(body))) + body


def _text(text: str) -> bytes:
    octets = text.encode()
    return struct.pack("!H", len(octets)) + octets
