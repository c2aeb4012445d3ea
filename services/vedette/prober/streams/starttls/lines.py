"""TLS in the protocols that talk in lines."""

from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stream import Stream


async def smtp(stream: Stream, _host: str) -> None:
    """RFC 3207."""
    await _reply(stream, b"220", "SMTP's greeting (220)")
    await stream.send(f"EHLO {own_name(stream)}\r\n".encode())
    await _reply(stream, b"250", "EHLO's answer (250)")
    await stream.send(b"STARTTLS\r\n")
    await _reply(stream, b"220", "STARTTLS's answer (220)")


def own_name(stream: Stream) -> str:
    """What this end calls itself to a mail server (RFC 5321, section 4.1.3).

    Not a host name: a prober need not have one that the target would accept.
    """
    here = stream.own_address
    return f"[IPv6:{here}]" if ":" in here else f"[{here}]"


async def ftp(stream: Stream, _host: str) -> None:
    """RFC 4217."""
    await _reply(stream, b"220", "FTP's greeting (220)")
    await stream.send(b"AUTH TLS\r\n")
    await _reply(stream, b"234", "AUTH TLS's answer (234)")


async def pop3(stream: Stream, _host: str) -> None:
    """RFC 2595, section 4."""
    await _line(stream, b"+OK", "POP3's greeting (+OK)")
    await stream.send(b"STLS\r\n")
    await _line(stream, b"+OK", "STLS's answer (+OK)")


async def imap(stream: Stream, _host: str) -> None:
    """RFC 9051, section 6.2.1."""
    await _line(stream, b"* OK", "IMAP's greeting (* OK)")
    await stream.send(b"v STARTTLS\r\n")
    while (line := await stream.line()) is not None and not line.startswith(b"v "):
        pass
    if line is None or not line.upper().startswith(b"V OK"):
        raise refused(stream.peer, "STARTTLS's answer (OK)", line)


async def _line(stream: Stream, start: bytes, asked: str) -> None:
    line = await stream.line()
    if line is None or not line.upper().startswith(start):
        raise refused(stream.peer, asked, line)


async def _reply(stream: Stream, code: bytes, asked: str) -> None:
    """A reply of one or more lines: `250-` begins one that goes on until `250 `."""
    first = line = await stream.line()
    while line is not None and first is not None and first[3:4] == b"-":
        if line[:3] == first[:3] and line[3:4] != b"-":
            break
        line = await stream.line()
    if first is None or line is None or line[:3] != code:
        raise refused(stream.peer, asked, line if line is None else first)
