"""Kind `smtp`: a mail server's greeting, its encryption, a login, and whether it takes a recipient.

Up when the server greets (220), answers EHLO, goes over to TLS as `encryption` says, takes the
login of `auth`, takes `mail_from` and `rcpt_to`, and every assertion holds. No mail is sent: a
recipient that was taken is taken back (RSET). Certificates are verified unless `tls` says
otherwise.

An answer of the server's that refuses is the reason `status`, with the server's words; what it
does not offer (STARTTLS, a way to log in) is `answer`; what is no reply of SMTP's (RFC 5321) is
`protocol_error`.

The port is 25, or 465 if the encryption is `implicit`. Phases: resolve, connect, tls, first_byte
(the greeting), transfer (EHLO), starttls, login, exchange (the recipient), close. Assertions may
look at body (all that the server said, since TLS began if it did), answer (the extensions that it
offers, one text each, like "SIZE 1000000"), latency, certificate and ip.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from vedette.core.endpoints import Endpoint, port_has_a_default
from vedette.core.hosts import host_name, version_of
from vedette.core.http import Part
from vedette.core.monitor import ProbedSpec
from vedette.core.tls import HandshakeOptions

Encryption = Literal["none", "if_offered", "starttls", "implicit"]
_PORT, _SECURE_PORT = 25, 465
# What may stand between < and > without a word about it (RFC 5321, section 4.1.2).
_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+|(?i:postmaster)")


def _address(address: str) -> str:
    if not address.isascii() or _ADDRESS.fullmatch(address) is None:
        raise ValueError(f"{address!r} is no address like ann@example.org, in ASCII")
    return address


Address = Annotated[str, Field(max_length=256), AfterValidator(_address)]


class SmtpAuth(Part):
    """A login (RFC 4954)."""

    username: str = Field(min_length=1, max_length=512, pattern=r"^[^\x00]*$")
    password: str = Field(max_length=512, pattern=r"^[^\x00]*$", repr=False)
    mechanism: Literal["any", "plain", "login"] = Field(
        default="any", description="`any` takes PLAIN if the server offers it, else LOGIN."
    )
    in_clear: bool = Field(
        default=False, description="Log in even where nothing keeps others from reading along."
    )


class SmtpTarget(Endpoint):
    """A mail server, and how far to go with it."""

    model_config = ConfigDict(json_schema_extra=port_has_a_default)

    helo: str | None = Field(
        default=None,
        max_length=255,
        description="The name to say in EHLO. Default: the prober's address.",
        examples=["probe.example.org"],
    )
    encryption: Encryption = Field(
        default="none",
        description="`starttls` insists on going over to TLS, `if_offered` does so if the server "
        "offers it, `implicit` speaks TLS from the first byte.",
    )
    tls: HandshakeOptions = HandshakeOptions()
    auth: SmtpAuth | None = None
    mail_from: Literal[""] | Address | None = Field(
        default=None,
        description="The sender to ask for; empty is the sender of bounces. Default: none, and "
        "the empty one with `rcpt_to`.",
    )
    rcpt_to: Address | None = Field(
        default=None, description="The recipient that must be taken. No mail is sent."
    )

    @model_validator(mode="before")
    @classmethod
    def _at_the_usual_port(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("port") is None:
            implicit = data.get("encryption") == "implicit"
            return {**data, "port": _SECURE_PORT if implicit else _PORT}
        return data

    @field_validator("helo")
    @classmethod
    def _name(cls, helo: str | None) -> str | None:
        if helo is None:
            return None
        if helo.startswith("["):
            ip_address(helo.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))
            return helo
        if not helo.isascii() or version_of(helo) is not None:
            raise ValueError("EHLO takes a host name in ASCII, or an address like [192.0.2.1]")
        return host_name(helo)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        encrypted = self.encryption in {"starttls", "implicit"}
        if self.auth is not None and not encrypted and not self.auth.in_clear:
            raise ValueError(
                "auth needs encryption that is insisted on (starttls, implicit), or auth.in_clear"
            )
        if self.encryption == "none" and self.tls != HandshakeOptions():
            raise ValueError("tls needs encryption: starttls, if_offered or implicit")
        return self

    def summary(self) -> str:
        """The host and the port."""
        return f"SMTP {self.peer}"


class SmtpMonitor(ProbedSpec):
    """A monitor of kind smtp."""

    kind: Literal["smtp"] = "smtp"
    target: SmtpTarget
