"""Kind `icmp`: echo requests to a host ("ping"), over IPv4 or IPv6.

Up when at least one of the packets is answered, or no more than `max_loss_percent` of them are
lost, and every assertion holds. Three packets are sent, 200 ms apart, 56 bytes each, and the check
ends with the last answer. Its latency is the average round trip (phase `rtt`); shortest, longest,
deviation and jitter are kept beside it.

A prober may need to be allowed to ping: `net.ipv4.ping_group_range`, or CAP_NET_RAW.
"""

from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from vedette.core.hosts import Host, IpProtocol
from vedette.core.monitor import ProbedSpec, Target

LEAST_PAYLOAD_BYTES = 16
"""What a prober needs to know its own packets again."""
_MOST_PAYLOAD_BYTES = 65_507


class IcmpTarget(Target):
    """One series of echo requests."""

    host: Host
    ip_protocol: IpProtocol = Field(
        default="any",
        description="Addresses of which kind to use: one kind only (`ip4`, `ip6`), one kind first "
        "(`prefer_ip4`, `prefer_ip6`), or `any`, in the order that suits the prober.",
    )
    count: int = Field(default=3, ge=1, le=100, description="Packets to send.")
    interval_ms: int = Field(
        default=200, ge=10, le=10_000, description="Milliseconds between two packets."
    )
    payload_bytes: int = Field(
        default=56,
        ge=LEAST_PAYLOAD_BYTES,
        le=_MOST_PAYLOAD_BYTES,
        description="Bytes of data in a packet, its headers not included.",
    )
    ttl: int | None = Field(
        default=None,
        ge=1,
        le=255,
        description="Hops a packet may take (TTL, hop limit). Default: the prober's system's.",
    )
    max_loss_percent: float = Field(
        default=100,
        ge=0,
        le=100,
        description="It is down when more packets than this are lost, or all of them.",
    )

    @field_validator("host")
    @classmethod
    def _one_host(cls, host: str) -> str:
        try:
            address = ip_address(host)
        except ValueError:
            return host
        if address.is_unspecified or address.is_multicast:
            raise ValueError(f"{host} is not the address of one host")
        return host

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        wrong = {"ip4": ":" in self.host, "ip6": self.host.replace(".", "").isdecimal()}
        if wrong.get(self.ip_protocol):
            raise ValueError(f"{self.host} is not of the kind that ip_protocol asks for")
        return self

    def summary(self) -> str:
        """The host."""
        return f"ping {self.host}"


class IcmpMonitor(ProbedSpec):
    """A monitor of kind icmp."""

    kind: Literal["icmp"] = "icmp"
    target: IcmpTarget

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        last_s = (self.target.count - 1) * self.target.interval_ms / 1000
        if last_s >= self.timeout_s:
            raise ValueError(
                f"{self.target.count} packets {self.target.interval_ms} ms apart take {last_s:g} s,"
                f" which is not within the timeout (timeout_s, {self.timeout_s:g} s)"
            )
        return self
