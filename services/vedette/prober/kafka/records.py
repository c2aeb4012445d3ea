"""A record written to a partition, and found there again."""

import asyncio
import struct
import uuid
from typing import Any

from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from vedette.core.outcome import Reason
from vedette.prober.kafka.answers import told_by
from vedette.prober.kafka.link import Link
from vedette.prober.streams.course import Course

_WITH_BATCHES = {"produce": 3, "fetch": 4}
"""From these versions on, records are in batches of today's format, which is of Kafka 0.11."""
_KEY = b"vedette"
_ALL_REPLICAS = -1
_MOST_BYTES = 64 * 1024
_WAIT_MS = 500
_PAUSE_S = 0.05
# Of a batch: base offset, length, epoch, format, checksum, attributes, last offset's delta.
_HEAD = struct.Struct(">qiibIhi")
_COMPRESSED = 0x07


async def round_trip(link: Link, course: Course, topic: str, partition: int) -> None:
    """Write a record to the partition that this broker leads, and read it back. Raises Stopped."""
    value = f"vedette {uuid.uuid4()}".encode()
    where = f"partition {partition} of {topic}"
    course.now(f"write a record to {where}")
    offset = await _write(link, course, topic, partition, value)
    course.now(f"read record {offset} of {where}")
    came = await _read(link, topic, partition, offset)
    while not came:
        # It is given out when all replicas have it, which may be later than it is taken.
        await asyncio.sleep(_PAUSE_S)
        came = await _read(link, topic, partition, offset)
    if not _holds(came, offset, value):
        raise link.stopped(Reason.ANSWER, "it gave another record than the one it was sent")


async def _write(link: Link, course: Course, topic: str, partition: int, value: bytes) -> int:
    timeout_ms = max(int(course.remaining_s() * 1000), 1)
    records = [(topic, [(partition, _batch_of(value))])]
    asked = ProduceRequest(None, _ALL_REPLICAS, timeout_ms, records)
    answer = await link.ask(asked, at_least=_WITH_BATCHES["produce"])
    found = _of(link, answer, partition)
    link.check(found["error_code"], found.get("error_message"))
    return int(found["offset"])


async def _read(link: Link, topic: str, partition: int, offset: int) -> bytes:
    records = [(topic, [(partition, offset, _MOST_BYTES)])]
    asked = FetchRequest(_WAIT_MS, 1, _MOST_BYTES, 0, records)
    answer = await link.ask(asked, at_least=_WITH_BATCHES["fetch"])
    link.check(getattr(answer, "error_code", 0))
    found = _of(link, answer, partition)
    link.check(found["error_code"])
    return bytes(found["message_set"] or b"")


def _of(link: Link, answer: Any, partition: int) -> dict[str, Any]:
    """What an answer says of the partition."""
    parts: list[dict[str, Any]] = [
        part for topic in told_by(answer)["topics"] for part in topic["partitions"]
    ]
    for part in parts:
        if part["partition"] == partition:
            return part
    raise link.stopped(Reason.PROTOCOL_ERROR, "its answer does not tell of the partition")


def _batch_of(value: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=_MOST_BYTES,
    )
    builder.append(0, timestamp=None, key=_KEY, value=value, headers=[])
    return bytes(builder.build())


def _holds(records: bytes, offset: int, value: bytes) -> bool:
    """Whether the first batch is the one with our record.

    A topic may compress what it takes; then that there is a record at its offset must do, for
    what a stranger compressed is not decompressed here.
    """
    if len(records) < _HEAD.size:
        return False
    first, length, _, _, _, attributes, _ = _HEAD.unpack_from(records)
    if first != offset:
        return False
    return bool(attributes & _COMPRESSED) or value in records[: 12 + length]
