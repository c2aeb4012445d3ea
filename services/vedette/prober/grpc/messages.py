"""HealthCheckRequest and HealthCheckResponse of grpc.health.v1, in their frames.

A frame is a byte for compression, four for the length, and the message in Protocol Buffers
encoding: each field a tag (its number and how it is encoded) and a value.
"""

from typing import Final, get_args

from vedette.core.kinds.grpc import Health

PATH = "/grpc.health.v1.Health/Check"
CODES: Final = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""The names of gRPC's status codes, by their number."""
_HEALTHS: tuple[Health, ...] = get_args(Health)
_HEAD = 5
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_SERVICE = 1 << 3 | _BYTES
_STATUS = 1
_LONGEST_VARINT = 10


class Malformed(Exception):
    """Bytes that are no answer; the message is why."""


def request_of(service: str) -> bytes:
    """The frame that asks for a service's health."""
    name = service.encode()
    message = bytes([_SERVICE]) + _varint(len(name)) + name if name else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def health_in(body: bytes) -> str:
    """The health in the one frame of an answer; a number for one that has no name here.

    Raises Malformed.
    """
    if len(body) < _HEAD:
        raise Malformed("it holds no message" if not body else "its message is cut off")
    if body[0]:
        raise Malformed("its message is compressed, which was not offered")
    length = int.from_bytes(body[1:_HEAD], "big")
    if len(body) != _HEAD + length:
        raise Malformed(f"it says {length} bytes and has {len(body) - _HEAD}")
    number = _status_in(body[_HEAD:])
    return _HEALTHS[number] if number < len(_HEALTHS) else str(number)


def _status_in(message: bytes) -> int:
    """The field `status`; the last one counts, and without any it is 0."""
    status, at = 0, 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        how = tag & 7
        if how == _VARINT:
            value, at = _read_varint(message, at)
            if tag >> 3 == _STATUS:
                status = value
        elif how == _BYTES:
            size, at = _read_varint(message, at)
            at += size
        elif how in _FIXED:
            at += _FIXED[how]
        else:
            raise Malformed("it is no message in Protocol Buffers encoding")
    if at > len(message):
        raise Malformed("its message is cut off")
    return status


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    """The number there, and where it ends."""
    number = 0
    for place, octet in enumerate(message[at : at + _LONGEST_VARINT]):
        number |= (octet & 0x7F) << (7 * place)
        if octet < 0x80:
            return number, at + place + 1
    raise Malformed("its message is cut off")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
