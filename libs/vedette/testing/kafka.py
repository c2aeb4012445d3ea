"""A stand-in for a Kafka broker, which neither Debian nor PyPI has.

It speaks as much of the protocol as a client needs to log in, to find a topic, and to write to it
and read from it, in aiokafka's own definitions.
"""

from __future__ import annotations

import io
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from aiokafka.protocol.admin import (
    ApiVersionRequest_v0,
    SaslAuthenticateRequest_v0,
    SaslAuthenticateRequest_v1,
    SaslHandShakeRequest_v0,
    SaslHandShakeRequest_v1,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest

from vedette.testing.ports import free_port
from vedette.testing.scram import ScramServer
from vedette.testing.streams import Listener

_VERSIONS, _HANDSHAKE, _AUTHENTICATE, _METADATA, _PRODUCE, _FETCH = 18, 17, 36, 3, 0, 1
_BEFORE_LOGIN = frozenset({_VERSIONS, _HANDSHAKE, _AUTHENTICATE})
_REQUESTS: dict[tuple[int, int], Any] = {
    (each.API_KEY, each.API_VERSION): each
    for each in (
        ApiVersionRequest_v0,
        SaslHandShakeRequest_v0,
        SaslHandShakeRequest_v1,
        SaslAuthenticateRequest_v0,
        SaslAuthenticateRequest_v1,
        *MetadataRequest._CLASSES,
        *ProduceRequest._CLASSES,
        *FetchRequest._CLASSES,
    )
}
_UNKNOWN_TOPIC, _NO_LEADER, _NOT_LEADER, _UNSUPPORTED, _WRONG_STATE, _FAILED = 3, 5, 6, 33, 34, 58
_NOBODY = -1


@dataclass(frozen=True, slots=True)
class Partition:
    """One part of a topic: the numbers of the brokers that have it."""

    leader: int = 1
    replicas: tuple[int, ...] = (1,)
    in_sync: tuple[int, ...] = (1,)


@dataclass
class Kafka:
    """What the broker knows, changeable at any time, and what it was asked."""

    port: int
    topics: dict[str, list[Partition]]
    users: Mapping[str, str] | None = None
    mechanisms: tuple[str, ...] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
    brokers: dict[int, tuple[str, int]] = field(default_factory=dict)
    versions: dict[int, tuple[int, int]] = field(
        default_factory=lambda: {
            _VERSIONS: (0, 0),
            _HANDSHAKE: (0, 1),
            _AUTHENTICATE: (0, 1),
            _METADATA: (0, 5),
            _PRODUCE: (0, 7),
            _FETCH: (0, 11),
        }
    )
    number: int = 1
    records: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    """The batches of each partition, each of one record."""
    slow: int = 0
    """How many readers go away empty before the next one finds anything."""
    asked: list[Any] = field(default_factory=list)

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request after another, as long as they are allowed."""
        login = _Login(self)
        while size := await reader.read(4):
            (length,) = struct.unpack(">i", size)
            buffer = io.BytesIO(await reader.readexactly(length))
            key, version, number = struct.unpack(">hhi", buffer.read(8))
            (named,) = struct.unpack(">h", buffer.read(2))
            buffer.read(max(named, 0))
            if key not in _BEFORE_LOGIN and not login.done:
                return
            request = _REQUESTS[key, version].decode(buffer)
            self.asked.append(request)
            answer = login.answer(request) or self._answer(request)
            body = struct.pack(">i", number) + answer.encode()
            writer.write(struct.pack(">i", len(body)) + body)
            await writer.drain()
            if login.failed:
                return

    def _answer(self, request: Any) -> Any:
        if request.API_KEY == _VERSIONS:
            offered = [(key, *both) for key, both in self.versions.items()]
            return request.RESPONSE_TYPE(error_code=0, api_versions=offered)
        if request.API_KEY == _PRODUCE:
            return self._produce(request)
        return self._fetch(request) if request.API_KEY == _FETCH else self._metadata(request)

    def _leads(self, topic: str, partition: int) -> bool:
        partitions = self.topics.get(topic, [])
        return partition < len(partitions) and partitions[partition].leader == self.number

    def _produce(self, request: Any) -> Any:
        schema = request.RESPONSE_TYPE.SCHEMA
        width = len(_column(_column(schema, "topics"), "partitions").names)
        topics = [
            (name, [self._store(name, *one)[:width] for one in parts])
            for name, parts in request.topics
        ]
        return request.RESPONSE_TYPE(topics, 0)

    def _store(self, topic: str, partition: int, batch: bytes) -> tuple[int, ...]:
        if not self._leads(topic, partition):
            return (partition, _NOT_LEADER, -1, -1, -1)
        kept = self.records.setdefault((topic, partition), [])
        offset = len(kept)
        kept.append(struct.pack(">q", offset) + bytes(batch)[8:])
        return (partition, 0, offset, -1, 0)

    def _fetch(self, request: Any) -> Any:
        schema = request.RESPONSE_TYPE.SCHEMA
        columns = _column(_column(schema, "topics"), "partitions").names
        topics = [
            (name, [self._found(name, part[0], _offset(part), columns) for part in parts])
            for name, parts in request.topics
        ]
        known = {"throttle_time_ms": 0, "error_code": 0, "session_id": 0, "topics": topics}
        return request.RESPONSE_TYPE(*[known[name] for name in schema.names])

    def _found(
        self, topic: str, partition: int, offset: int, columns: Sequence[str]
    ) -> tuple[Any, ...]:
        kept = self.records.get((topic, partition), [])
        self.slow -= 1
        known = {
            "partition": partition,
            "error_code": 0 if self._leads(topic, partition) else _NOT_LEADER,
            "highwater_offset": len(kept),
            "last_stable_offset": len(kept),
            "log_start_offset": 0,
            "aborted_transactions": None,
            "preferred_read_replica": -1,
            "message_set": b"".join(kept[offset:]) if self.slow < 0 else b"",
        }
        return tuple(known[name] for name in columns)

    def _metadata(self, request: Any) -> Any:
        if getattr(request, "allow_auto_topic_creation", True):
            for name in request.topics:
                self.topics.setdefault(name, [Partition()])
        schema = request.RESPONSE_TYPE.SCHEMA
        rack = "rack" in _column(schema, "brokers").names
        known: dict[str, Any] = {
            "throttle_time_ms": 0,
            "brokers": [
                (number, *place, *([None] if rack else []))
                for number, place in self.brokers.items()
            ],
            "cluster_id": "a-cluster",
            "controller_id": 1,
            "topics": [self._topic(name, _column(schema, "topics")) for name in request.topics],
        }
        return request.RESPONSE_TYPE(*[known[name] for name in schema.names])

    def _topic(self, name: str, schema: Any) -> tuple[Any, ...]:
        partitions = self.topics.get(name)
        width = len(_column(schema, "partitions").names)
        rows = [
            (
                _NO_LEADER if each.leader == _NOBODY else 0,
                *(at, each.leader, list(each.replicas), list(each.in_sync), []),
            )[:width]
            for at, each in enumerate(partitions or [])
        ]
        known = {
            "error_code": _UNKNOWN_TOPIC if partitions is None else 0,
            "topic": name,
            "is_internal": False,
            "partitions": rows,
        }
        return tuple(known[column] for column in schema.names)


def _column(schema: Any, name: str) -> Any:
    """What each item of a list in a schema is made of."""
    return schema.fields[schema.names.index(name)].array_of


def _offset(partition: Sequence[int]) -> int:
    """From where on a reader wants records: the place differs from version to version."""
    return partition[{3: 1, 4: 1, 5: 2}[len(partition)]]


class _Login:
    """How far one connection is."""

    def __init__(self, broker: Kafka) -> None:
        self._broker = broker
        self._mechanism = ""
        self._scram: ScramServer | None = None
        self.done = broker.users is None
        self.failed = False

    def answer(self, request: Any) -> Any:
        """The answer to a request that is about logging in; None for another."""
        if request.API_KEY == _HANDSHAKE:
            return self._begin(request)
        if request.API_KEY == _AUTHENTICATE:
            return self._go_on(request)
        return None

    def _begin(self, request: Any) -> Any:
        offered = self._broker.mechanisms
        code = _UNSUPPORTED if request.mechanism not in offered else 0
        if self._broker.users is None:
            code, offered = _WRONG_STATE, ()
        self._mechanism, self.failed = request.mechanism, code != 0
        return request.RESPONSE_TYPE(code, list(offered))

    def _go_on(self, request: Any) -> Any:
        try:
            said = self._checked(bytes(request.sasl_auth_bytes))
            code, words = 0, None
        except (ValueError, KeyError):
            self.failed, said = True, b""
            code, words = _FAILED, "Authentication failed: Invalid username or password"
        lifetime = [0] if request.API_VERSION else []
        return request.RESPONSE_TYPE(code, words, said, *lifetime)

    def _checked(self, said: bytes) -> bytes:
        """What is said to a client's message. Raises ValueError, or KeyError for nobody."""
        users = self._broker.users or {}
        if self._mechanism == "PLAIN":
            _, name, password = said.decode().split("\0")
            if users[name] != password:
                raise ValueError(name)
            self.done = True
            return b""
        if self._scram is None:
            self._scram = ScramServer(self._mechanism, users)
            return self._scram.challenge(said)
        final = self._scram.final(said)
        self.done = True
        return final


@asynccontextmanager
async def running_kafka(
    topics: Mapping[str, list[Partition]] | None = None,
    *,
    users: Mapping[str, str] | None = None,
    tls: SSLContext | None = None,
) -> AsyncIterator[Kafka]:
    """A broker that knows these topics, alone in its cluster; with `users` it wants a login."""
    kafka = Kafka(free_port(), dict(topics or {}), users)
    kafka.brokers = {1: ("127.0.0.1", kafka.port)}
    async with Listener(kafka.converse, port=kafka.port, tls=tls):
        yield kafka
