"""What pings for all checks of a prober: opened when it is first needed."""

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.icmp.echoes import Echoes
from vedette.prober.icmp.opening import NotAllowed, Unopened, opened
from vedette.prober.icmp.packets import V4, V6


class Pinger:
    """The echoes of both versions of IP."""

    def __init__(self) -> None:
        self._opened: dict[int, Echoes] = {}

    def echoes(self, address: str) -> Echoes | Trouble:
        """Those that reach an address, or why this prober has none."""
        version = V6 if ":" in address else V4
        found = self._opened.get(version.ip)
        if found is None:
            try:
                found = self._opened[version.ip] = Echoes(version)
            except Unopened as error:
                return Trouble(Reason.INTERNAL_ERROR, str(error))
        return found

    def close(self) -> None:
        """Let go of the sockets."""
        for echoes in self._opened.values():
            echoes.close()
        self._opened.clear()


def obstacle() -> str | None:
    """What is to be allowed before this process can ping, if anything."""
    try:
        opened(V4, 0)[0].close()
    except NotAllowed as error:
        return str(error)
    except Unopened:
        pass  # no IPv4, say: each check will tell
    return None
