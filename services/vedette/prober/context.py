"""What all probes of a prober share."""

from dataclasses import dataclass

from vedette.prober.curl import CurlDriver
from vedette.prober.names import Resolver


@dataclass(frozen=True, slots=True)
class Context:
    """Opened once a prober, handed to every probe."""

    curl: CurlDriver
    resolver: Resolver
    ca_file: str
