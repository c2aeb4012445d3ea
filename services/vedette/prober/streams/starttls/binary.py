"""TLS in the protocols that talk in bytes."""

from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stream import LINE_LIMIT, Stream

_LDAP_OID = b"1.3.6.1.4.1.1466.20037"
# LDAPMessage {1, ExtendedRequest {requestName}}, in DER.
_LDAP_REQUEST = (
    bytes([0x30, len(_LDAP_OID) + 7, 0x02, 0x01, 0x01, 0x77, len(_LDAP_OID) + 2])
    + bytes([0x80, len(_LDAP_OID)])
    + _LDAP_OID
)
_LDAP_RESPONSE = 0x78
_POSTGRES_REQUEST = bytes.fromhex("00000008 04d2162f")
_MYSQL_SSL = 0x0800
# Protocol 4.1, long passwords, secure connection: what any server since 4.1 knows.
_MYSQL_ASKED = _MYSQL_SSL | 0x0200 | 0x0001 | 0x8000
_MYSQL_UTF8 = 33


async def ldap(stream: Stream, _host: str) -> None:
    """RFC 4511, section 4.14."""
    await stream.send(_LDAP_REQUEST)
    message = await _ber(stream)
    # messageID (INTEGER 1), then the ExtendedResponse: its resultCode first (ENUMERATED).
    answer = message[3:] if message[:3] == b"\x02\x01\x01" else b""
    header = 2 + (answer[1] & 0x7F if len(answer) > 1 and answer[1] & 0x80 else 0)
    if answer[:1] != bytes([_LDAP_RESPONSE]) or answer[header : header + 3] != b"\x0a\x01\x00":
        raise refused(stream.peer, "LDAP's agreement to TLS (success)", message)


async def postgres(stream: Stream, _host: str) -> None:
    """PostgreSQL's SSLRequest."""
    await stream.send(_POSTGRES_REQUEST)
    answer = await stream.exactly(1)
    if answer != b"S":
        raise refused(stream.peer, "PostgreSQL's agreement to TLS (S)", answer)


async def mysql(stream: Stream, _host: str) -> None:
    """MySQL's and MariaDB's SSLRequest, in answer to their greeting."""
    header = await stream.exactly(4)
    greeting = await stream.exactly(int.from_bytes(header[:3], "little"))
    version_end = greeting.find(b"\0", 1)
    # After the version: thread id (4), random data (8), a zero, then the lower capabilities.
    at = version_end + 1 + 4 + 8 + 1
    capabilities = int.from_bytes(greeting[at : at + 2], "little")
    if greeting[:1] != b"\x0a" or version_end < 0 or not capabilities & _MYSQL_SSL:
        raise refused(stream.peer, "MySQL's greeting with TLS on offer", greeting or header)
    packet = _MYSQL_ASKED.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little")
    packet += bytes([_MYSQL_UTF8]) + bytes(23)
    await stream.send(len(packet).to_bytes(3, "little") + b"\x01" + packet)


async def _ber(stream: Stream) -> bytes:
    """The content of one BER value."""
    head = await stream.exactly(2)
    if len(head) < 2 or head[0] != 0x30:
        raise refused(stream.peer, "an LDAP message", head)
    length = head[1]
    if length & 0x80:
        length = int.from_bytes(await stream.exactly(length & 0x7F), "big")
    if length > LINE_LIMIT:
        raise refused(stream.peer, "an LDAP message", head)
    return await stream.exactly(length)
