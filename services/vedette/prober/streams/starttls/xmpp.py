"""TLS in XMPP: RFC 6120, section 5."""

import re
from xml.sax.saxutils import quoteattr

from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stream import Stream

_NAMESPACE = "urn:ietf:params:xml:ns:xmpp-tls"
_FEATURES = re.compile(
    rb"</(?:\w+:)?features\s*>|<(?:\w+:)?features\s*/>|<(?:\w+:)?error\b|</(?:\w+:)?stream\s*>"
)
# No tag goes on past the next `<`, so that each byte of a hostile answer is looked at but once.
_ANSWER = re.compile(
    rb"<(?:\w+:)?proceed\b[^<>]*(?:/>|>\s*</(?:\w+:)?proceed\s*>)"
    rb"|<(?:\w+:)?(?:failure|error)\b[^<>]*>|</(?:\w+:)?stream\s*>"
)


async def xmpp(stream: Stream, host: str) -> None:
    """As a client does."""
    await _ask(stream, host, "jabber:client")


async def xmpp_server(stream: Stream, host: str) -> None:
    """As another server does."""
    await _ask(stream, host, "jabber:server")


async def _ask(stream: Stream, host: str, namespace: str) -> None:
    await stream.send(
        f"<?xml version='1.0'?><stream:stream to={quoteattr(host)} xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>".encode()
    )
    features = await stream.until(_FEATURES)
    if _NAMESPACE.encode() not in features:
        raise refused(stream.peer, "XMPP's features with TLS among them", features)
    await stream.send(f"<starttls xmlns='{_NAMESPACE}'/>".encode())
    answer = await stream.until(_ANSWER)
    if b"proceed" not in answer:
        raise refused(stream.peer, "XMPP's agreement to TLS (proceed)", answer)
