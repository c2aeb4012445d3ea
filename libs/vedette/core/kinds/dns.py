"""Kind `dns`: one question to a name server, over UDP, TCP, TLS or HTTPS.

Up when a complete answer comes in time, its code is NOERROR (or one of `rcodes`), it holds at
least `min_answers` records of the type that was asked for, and whatever else is expected of it
holds. An answer that UDP has no room for is asked for again over TCP.

An unexpected code is the reason `dns_nxdomain` or `dns_servfail` if it is one of these two and
`rcodes` is empty, else `rcode`; anything else that is not as expected is `answer`. No answer over
UDP is `dns_timeout`.

A record is expected by its text without owner and TTL ("10 mail.example."), or by the host (CNAME,
MX, NS, PTR, SOA, SRV) or value (CAA) in it; the final dot may be left out. TXT is one text without
quotes. Sections are validated line by line: `owner. TTL class type data`, all in one spacing.

Several servers, or several addresses of one, are asked in turn, as a host would ask them: the next
one when one can't be reached or does not answer. Each has an equal share of the time that is left.

Assertions may look at rcode and answer (the records of the asked type, as texts), and at body: the
hosts or values alone, one a line.
"""

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

import idna
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vedette.core.assertions.patterns import Pattern
from vedette.core.hosts import IpProtocol
from vedette.core.monitor import ProbedSpec, Target
from vedette.core.tls import TlsOptions

Transport = Literal["udp", "tcp", "tls", "https"]
Type = Literal["A", "AAAA", "ANY", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NAPTR", "NS",
               "PTR", "SOA", "SRV", "SVCB", "TLSA", "TXT"]  # fmt: skip
Rcode = Literal["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN",
                "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "BADVERS", "BADCOOKIE"]  # fmt: skip
_PORTS: dict[Transport, int] = {"udp": 53, "tcp": 53, "tls": 853, "https": 443}
_PATH = "/dns-query"
_MOST_SERVERS = 4
# Beyond letters and digits, names have underscores, and slashes in delegated reverse zones.
_LABEL = re.compile(r"[A-Za-z0-9_*/+-]+")


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _pattern(value: str) -> str:
    Pattern(value)
    return value


Regex = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]
Regexes = Annotated[list[Regex], Field(max_length=16)]
Expected = Annotated[str, Field(min_length=1, max_length=4096)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Server(NamedTuple):
    """Where to ask. The host is an address or a name in ASCII; the path is for HTTPS."""

    host: str
    port: int
    path: str = _PATH


class Answers(BaseModel):
    """What the records of the asked type must be, in any order."""

    model_config = _STRICT

    equals: list[Expected] | None = Field(
        default=None, max_length=64, description="These records and no others."
    )
    contains: list[Expected] = Field(
        default=[], max_length=64, description="Each of these is among the records."
    )
    regex: Regex | None = Field(default=None, description="Searched for (RE2) in each record.")
    match: Literal["any", "every"] = Field(
        default="any", description="How many of the records the regex must be found in."
    )


class Section(BaseModel):
    """Regular expressions (RE2) that are searched for in each record of a section."""

    model_config = _STRICT

    fail_if_matches: Regexes = Field(default=[], description="Found in any record: down.")
    fail_if_not_matches: Regexes = Field(
        default=[], description="One not found in some record, or no record at all: down."
    )
    fail_if_all_match: Regexes = Field(default=[], description="One found in every record: down.")
    fail_if_none_matches: Regexes = Field(default=[], description="None found in any record: down.")


class Serial(BaseModel):
    """What the serial of the SOA record must be."""

    model_config = _STRICT

    equals: int | None = Field(default=None, ge=0, lt=2**32)
    at_least: int | None = Field(
        default=None, ge=0, lt=2**32, description="Compared as RFC 1982 says: it may wrap around."
    )


class Flags(BaseModel):
    """What an answer's flags must be; a flag that is not named does not matter."""

    model_config = _STRICT

    aa: bool | None = Field(default=None, description="Answered with authority for the zone.")
    ra: bool | None = Field(default=None, description="Recursion is available.")
    ad: bool | None = Field(default=None, description="The server has validated DNSSEC.")


class DnsTarget(Target):
    """One question to a name server."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    transport: Transport = "udp"
    server: str | None = Field(
        default=None,
        validate_default=True,
        max_length=2048,
        description="Whom to ask: a host name or address with or without a port, or several, comma "
        "separated. For https also a URL. Default: the prober's own name servers.",
        examples=["192.0.2.53", "[2001:db8::1]:5353", "https://dns.example/dns-query"],
    )
    ip_protocol: IpProtocol = Field(
        default="any", description="Which addresses of the server are used, or which first."
    )
    type: Annotated[Type, BeforeValidator(_upper)] = "A"
    class_: Annotated[Literal["IN", "CH", "HS"], BeforeValidator(_upper)] = Field(
        default="IN", alias="class"
    )
    name: str = Field(max_length=1024, description="What to ask for; for PTR also an address.")
    recursion_desired: bool = True
    dnssec: bool = Field(default=False, description="Ask for DNSSEC records as well (DO).")
    rcodes: list[Annotated[Rcode, BeforeValidator(_upper)]] = Field(
        default=[], max_length=16, description="Codes that are up. Default: NOERROR alone."
    )
    min_answers: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="Records of the asked type that a NOERROR must have; 0 allows none.",
    )
    answers: Answers = Answers()
    validate_answer: Section = Section()
    validate_authority: Section = Section()
    validate_additional: Section = Section()
    serial: Serial = Serial()
    flags: Flags = Flags()
    tls: TlsOptions = Field(default=TlsOptions(), description="For the transports tls and https.")

    @field_validator("server")
    @classmethod
    def _asked(cls, server: str | None, info: ValidationInfo) -> str | None:
        transport = info.data.get("transport", "udp")
        if server is not None:
            _servers(server, transport)
        elif transport in {"tls", "https"}:
            raise ValueError(f"{transport} needs a server: the prober's own may not speak it")
        return server

    @field_validator("name")
    @classmethod
    def _askable(cls, name: str, info: ValidationInfo) -> str:
        _question(name, info.data.get("type", "A"))
        return name

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.tls != TlsOptions() and self.transport not in {"tls", "https"}:
            raise ValueError(f"{self.transport} has no TLS options")
        if self.serial != Serial() and self.type not in {"SOA", "ANY"}:
            raise ValueError("only the answer to a question for SOA has a serial")
        return self

    def servers(self) -> list[Server] | None:
        """Whom to ask, in order; None for the prober's own name servers."""
        return None if self.server is None else _servers(self.server, self.transport)

    def question(self) -> str:
        """The name to ask for, in ASCII and with its final dot."""
        return _question(self.name, self.type)

    def domain_host(self) -> str:
        """The name that is asked for."""
        return self.name

    def summary(self) -> str:
        """The question, and who is asked."""
        return f"DNS {self.type} {self.name}" + (f" at {self.server}" if self.server else "")


class DnsMonitor(ProbedSpec):
    """A monitor of kind dns."""

    kind: Literal["dns"] = "dns"
    target: DnsTarget


def _question(name: str, type_: Type) -> str:
    if type_ == "PTR":
        with suppress(ValueError):
            return ip_address(name).reverse_pointer + "."
    return ascii_name(name)


def ascii_name(name: str) -> str:
    """A domain name in ASCII (IDNA 2008) and with its final dot.

    Raises ValueError for what can't be one (RFC 1035, section 2.3.4, for the lengths).
    """
    if name == ".":
        return name
    labels = [_ascii_label(label, name) for label in name.removesuffix(".").split(".")]
    whole = ".".join(labels) + "."
    if len(whole) > 254:
        raise ValueError("a domain name has at most 253 characters")
    return whole


def _ascii_label(label: str, name: str) -> str:
    if not label:
        raise ValueError(f"{name!r} is not a domain name: a label is empty")
    if not label.isascii():
        try:
            label = idna.encode(label, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{name!r} is not a domain name: {error}") from None
    if len(label) > 63:
        raise ValueError("a label of a domain name has at most 63 characters")
    if not _LABEL.fullmatch(label):
        raise ValueError(f"{name!r} is not a domain name: {label!r} has other characters")
    return label


def _servers(text: str, transport: Transport) -> list[Server]:
    parts = [part.strip() for part in text.split(",")]
    servers = list(dict.fromkeys(_server(part, transport) for part in parts if part))
    if not servers:
        raise ValueError("it names no server; leave it out for the prober's own")
    if len(servers) > _MOST_SERVERS:
        raise ValueError(f"at most {_MOST_SERVERS} servers")
    return servers


def _server(text: str, transport: Transport) -> Server:
    if "://" in text:
        return _of_url(text, transport)
    host, port = _host_and_port(text)
    if not port:
        return Server(_host(host), _PORTS[transport])
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= 65_535):
        raise ValueError(f"the port of {text!r} is not a number from 1 to 65535")
    return Server(_host(host), int(port))


def _of_url(url: str, transport: Transport) -> Server:
    if transport != "https":
        raise ValueError(f"a server for {transport} is a name or address, not a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not a URL: {error}") from None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise ValueError("the URL of a server is https://name/path, without a user name")
    if parts.query or parts.fragment or any(not "!" <= c <= "~" for c in parts.path):
        raise ValueError("the URL of a server has a plain path: no query, no fragment, no spaces")
    return Server(_host(parts.hostname), port or _PORTS["https"], parts.path or _PATH)


def _host_and_port(text: str) -> tuple[str, str]:
    """Split; the port is empty if there is none."""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or (port and not port[1:]) or port[:1] not in {"", ":"}:
            raise ValueError(f"{text!r} is not an address like [2001:db8::1]:53")
        return host, port[1:]
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port or "none"
    return text, ""


def _host(host: str) -> str:
    with suppress(ValueError):
        return str(ip_address(host))
    name = ascii_name(host)
    if name == "." or name.split(".")[-2].isdecimal():
        raise ValueError(f"{host!r} is neither a host name nor an address")
    return name if host.endswith(".") else name[:-1]
