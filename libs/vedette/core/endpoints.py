"""Targets that are a port of a host, and how TLS begins there."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from vedette.core.hosts import Host, IpProtocol, Port, peer_of, version_of
from vedette.core.monitor import Target
from vedette.core.nameserver import Nameserver
from vedette.core.tls import HandshakeOptions

StartTls = Literal[
    "smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "xmpp", "xmpp-server"
]
"""The protocols that the prober can ask to go over to TLS."""


class Endpoint(Target):
    """A port of a host, over TCP."""

    host: Host
    port: Port
    ip_protocol: IpProtocol = Field(
        default="any",
        description="Which addresses of the host to connect to: `ip4` or `ip6` alone, either "
        "first (`prefer_ip4`, `prefer_ip6`), or `any`, in the order that suits the prober.",
    )

    resolver: Nameserver | None = Field(
        default=None,
        description="The name server to ask instead of the prober's: an address, with or without "
        "a port.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        other = {"ip4": 6, "ip6": 4}.get(self.ip_protocol)
        if other is not None and version_of(self.host) == other:
            raise ValueError(f"ip_protocol is {self.ip_protocol}, but {self.host} is given")
        return self

    @property
    def peer(self) -> str:
        """Host and port, as people and messages name them."""
        return peer_of(self.host, self.port)


def port_has_a_default(schema: dict[str, Any]) -> None:
    """Say in a JSON schema that the port may be left out."""
    schema["required"] = [name for name in schema["required"] if name != "port"]


def _tell_usual_ports(schema: dict[str, Any], model: type[Any]) -> None:
    port_has_a_default(schema)
    clear, secure = model.PORTS
    words = f"Default: {clear}" if clear == secure else f"Default: {clear}, or {secure} with `tls`"
    schema["properties"]["port"]["description"] = f"{words}."


class ServiceEndpoint(Endpoint):
    """A port at which one protocol is spoken, in the clear or within TLS from the first byte."""

    # A default of the field's own would be left out of jobs, and then depend on `tls` anew.
    model_config = ConfigDict(json_schema_extra=_tell_usual_ports)
    PORTS: ClassVar[tuple[int, int]]
    """The usual ports: in the clear, and within TLS."""

    tls: HandshakeOptions | None = Field(
        default=None, description="Speak TLS: `{}` verifies as a browser does. Default: no TLS."
    )

    @model_validator(mode="before")
    @classmethod
    def _at_the_usual_port(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("port") is None:
            clear, secure = cls.PORTS
            return {**data, "port": clear if data.get("tls") is None else secure}
        return data
