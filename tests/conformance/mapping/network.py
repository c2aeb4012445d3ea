"""What all kinds share: time, addresses, certificates, conditions."""

import re
from pathlib import Path
from typing import Any

from tests.conformance.mapping.reading import NotExpressible, Reading

from vedette.core.assertions.gatus import translate

_TIMEOUT_S = 5
_NOT_CONNECTED = re.compile(r"\[CONNECTED\] (?:== false|!= true)", re.IGNORECASE)
_ANY_CODE = {"subject": "status", "operator": "between", "value": [100, 999]}


def timeout(reading: Reading) -> dict[str, Any]:
    """The time a check may take, if the record says it; else a few seconds."""
    return {"timeout_s": reading.get("timeout_s", _TIMEOUT_S)}


def addresses(reading: Reading) -> dict[str, Any]:
    """Which addresses are used: `ip4` with a fallback is one that is preferred.

    bbe prefers IPv6 and falls back, unless it is told otherwise.
    """
    protocol = reading.get("ip_protocol")
    default = reading.source == "bbe"
    falls_back = reading.get("ip_fallback", default)
    if protocol is None:
        protocol = "ip6" if default else "any"
    if protocol == "any":
        return {}
    return {"ip_protocol": f"prefer_{protocol}" if falls_back else protocol}


def resolver(reading: Reading) -> dict[str, Any]:
    """The name server to ask; ours is asked over UDP, and over TCP if that is too small."""
    found = reading.get("resolver")
    if found is None:
        return {}
    return {"resolver": str(found).removeprefix("udp://").removeprefix("tcp://")}


def credentials(reading: Reading) -> dict[str, Any]:
    """A name and password, or a token."""
    if "basic_auth" in reading:
        return {"auth": {"scheme": "basic", **reading.get("basic_auth")}}
    if "bearer_token" in reading:
        return {"auth": {"scheme": "bearer", "token": reading.get("bearer_token")}}
    return {}


def tls_options(reading: Reading) -> dict[str, Any]:
    """Options of TLS; our definitions hold certificates, not the names of files."""
    tls = reading.under("tls")
    tls.get("enabled")
    files = {"ca": "ca_file", "client_certificate": "client_cert_file",
             "client_key": "client_key_file"}  # fmt: skip
    options = {ours: pem(tls.get(theirs)) for ours, theirs in files.items()}
    options |= tls.renamed(
        verify="verify",
        server_name="server_name",
        expect_alert="expect_alert",
        min_version="min_version",
        max_version="max_version",
    )
    tls.finish()
    return {name: value for name, value in options.items() if value is not None}


def pem(file: str | None) -> str | None:
    """A file's text; none for a file that isn't there, for nobody could write that down."""
    if not file or not Path(file).is_file():
        return None
    return Path(file).read_text(errors="replace")


def conditions(reading: Reading) -> list[Any]:
    """Gatus conditions as trees. Raises ValueError for one that is refused."""
    asked = [*reading.get("conditions", []), *filter(None, [reading.get("condition")])]
    return [translated(one) for one in asked if not _NOT_CONNECTED.fullmatch(one)]


def translated(condition: str) -> dict[str, Any]:
    """The tree for a condition. Raises ValueError for one that is refused."""
    return translate(condition)


def expects_failure(reading: Reading) -> dict[str, Any]:
    """What must not connect is expected to fail, and there is nothing else to ask of it."""
    asked = [*reading.get("conditions", []), *filter(None, [reading.get("condition")])]
    return {"expect_failure": True} if any(map(_NOT_CONNECTED.fullmatch, asked)) else {}


def any_status(trees: list[Any]) -> list[Any]:
    """The trees, and if they don't speak of the status, that it doesn't matter."""
    return trees if "status" in subjects(trees) else [*trees, _ANY_CODE]


def subjects(node: Any) -> set[str]:
    """What the leaves of trees look at."""
    if isinstance(node, list):
        return {one for child in node for one in subjects(child)}
    if not isinstance(node, dict):
        return set()
    if "subject" in node:
        return {node["subject"]} | subjects(node.get("value_of"))
    return subjects([child for name in ("all", "any") for child in node.get(name, [])]) | subjects(
        node.get("not")
    )


def no_option(reading: Reading, key: str, *, but: object) -> None:
    """A key of which we have one way only. Raises NotExpressible for another one."""
    if reading.get(key, but) != but:
        raise NotExpressible(key)
