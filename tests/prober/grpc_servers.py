"""gRPC servers: the real one, and ones that say in HTTP/2 what they are told."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tests.prober.talking import Issued, Talk

from vedette.core.kinds.grpc import GrpcTarget
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.grpc import GrpcProbe

_PREFACE = 24
_FRAME = 9
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS = 1, 4
Fields = Mapping[str, str]
HEAD = {":status": "200", "content-type": "application/grpc"}
SERVING = b"\0\0\0\0\2\x08\x01"


async def health_of(context: Context, port: int, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Check a port of this machine by kind grpc."""
    definition = GrpcTarget.model_validate({"host": "127.0.0.1", "port": port, **target})
    return await GrpcProbe(definition).probe(context, timeout_s)


@contextmanager
def grpc_server(
    healths: Mapping[str, str] | None = None, *, tls: Issued | None = None
) -> Iterator[int]:
    """The real server, on the port that is yielded; without the health protocol if None."""
    heard = _Heard()
    server = grpc.server(ThreadPoolExecutor(2), interceptors=[heard])
    if healths is not None:
        servicer = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        for service, name in healths.items():
            servicer.set(service, health_pb2.HealthCheckResponse.ServingStatus.Value(name))
    if tls is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        pair = (tls.key_pem.encode(), tls.pem.encode())
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


class _Heard(grpc.ServerInterceptor):  # type: ignore[misc]
    """Refuses whoever says `deny` in the metadata."""

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        said = dict(details.invocation_metadata)
        if "x-deny" not in said:
            return continuation(details)

        def deny(_request: Any, call: Any) -> None:
            call.abort(grpc.StatusCode.PERMISSION_DENIED, f"not you, {said['x-deny']}: \u00e9")

        return grpc.unary_unary_rpc_method_handler(deny)


def in_http2(
    head: Fields = HEAD,
    body: bytes = SERVING,
    trailers: Fields | None = None,
    *,
    then: bytes = b"",
) -> Talk:
    """Answer whatever is asked; without trailers, the body is the end."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(_frame(_SETTINGS, 0, b""))
        await reader.readexactly(_PREFACE)
        while (await _frame_type(reader)) != _HEADERS:
            pass
        last = trailers is None
        writer.write(_frame(_HEADERS, _END_HEADERS, _packed(head), 1))
        writer.write(_frame(_DATA, _END_STREAM if last else 0, body, 1))
        if trailers:
            packed = _packed(trailers)
            writer.write(_frame(_HEADERS, _END_HEADERS | _END_STREAM, packed, 1))
        writer.write(then)
        await reader.read()

    return talk


def reset_of_stream(code: int) -> bytes:
    """RST_STREAM."""
    return _frame(_RST_STREAM, 0, code.to_bytes(4), 1)


def goodbye(code: int) -> bytes:
    """GOAWAY."""
    return _frame(_GOAWAY, 0, bytes(4) + code.to_bytes(4))


async def _frame_type(reader: StreamReader) -> int:
    head = await reader.readexactly(_FRAME)
    await reader.readexactly(int.from_bytes(head[:3]))
    return head[3]


def _frame(kind: int, flags: int, payload: bytes, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _packed(fields: Fields) -> bytes:
    """HPACK's plainest form: literals without indexing (RFC 7541, section 6.2.2)."""
    out = b""
    for name, value in fields.items():
        out += b"\0" + _text(name.encode()) + _text(value.encode())
    return out


def _text(octets: bytes) -> bytes:
    if len(octets) < 127:
        return bytes([len(octets)]) + octets
    rest, out = len(octets) - 127, [127]
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*out, rest]) + octets
