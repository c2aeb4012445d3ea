"""What all probes of a prober share."""

from dataclasses import dataclass, field

from vedette.prober.curl import CurlDriver
from vedette.prober.guard import Guard
from vedette.prober.icmp.pinger import Pinger
from vedette.prober.names import Resolver
from vedette.prober.pulse import Pulse
from vedette.prober.registration.registries import Registries
from vedette.prober.uplink import Uplink


@dataclass(frozen=True, slots=True)
class Context:
    """Opened once a prober, handed to every probe."""

    curl: CurlDriver
    resolver: Resolver
    ca_file: str
    guard: Guard = field(default_factory=Guard)
    """To be asked about every address before it is connected or sent to."""
    pinger: Pinger = field(default_factory=Pinger)
    registries: Registries = field(default_factory=Registries)
    uplink: Uplink = field(default_factory=Uplink)
    pulse: Pulse = field(default_factory=Pulse)
