"""Kind grpc: `host:port`, and TLS if it is enabled."""

from typing import Any

from tests.conformance.mapping import network
from tests.conformance.mapping.reading import Reading

from vedette.core.kinds.grpc import GrpcTarget


def define(reading: Reading) -> dict[str, Any]:
    """The definition of a record about gRPC's health protocol."""
    target = GrpcTarget.in_short(str(reading.get("target", "127.0.0.1:1")))
    target |= network.addresses(reading) | reading.renamed(service="service", metadata="headers")
    enabled = reading.under("tls").get("enabled", False)
    options = network.tls_options(reading)
    if enabled or options:
        target["tls"] = options
    reading.get("type")
    definition: dict[str, Any] = {"kind": "grpc", "target": target} | network.timeout(reading)
    definition["assertions"] = network.conditions(reading)
    return definition | network.expects_failure(reading)
