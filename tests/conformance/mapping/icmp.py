"""Kind icmp."""

from typing import Any

from tests.conformance.mapping import network
from tests.conformance.mapping.reading import Reading


def define(reading: Reading) -> dict[str, Any]:
    """The definition of a record about ping. The sources send one packet."""
    target = {"host": reading.get("target", "127.0.0.1"), "count": 1}
    target |= reading.renamed(
        count="count", payload_bytes="packet_size", ttl="ttl", max_loss_percent="max_loss_percent"
    )
    # The kind of the address is given with it, then.
    family = network.addresses(reading)
    if "ip_protocol" in reading or reading.source != "bbe":
        target |= family
    assertions = network.conditions(reading)
    definition = {"kind": "icmp", "target": target, "assertions": assertions}
    return definition | network.timeout(reading) | network.expects_failure(reading)
