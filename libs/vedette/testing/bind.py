"""A private BIND: the name server that most others are measured by."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.testing.exchange import answer_to
from vedette.testing.needs import require
from vedette.testing.ports import free_port
from vedette.testing.server import Server

_CONFIG = """\
options {{
    directory "{directory}";
    pid-file none;
    session-keyfile none;
    managed-keys-directory "{directory}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on port {tls_port} tls private {{ 127.0.0.1; }};
    listen-on port {https_port} tls private http default {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
    notify no;
}};
tls private {{
    cert-file "{certificate}";
    key-file "{key}";
}};
controls {{ }};
zone "{zone}" {{ type primary; file "zone"; }};
"""
# A query for the SOA record of the root, with its length in front, as over TCP.
_QUESTION = b"\x00\x11" + b"\x00\x01\x00\x00\x00\x01" + bytes(6) + b"\x00\x00\x06\x00\x01"


class Bind(Server):
    """A BIND with one zone, over UDP and TCP on `port`, over TLS and HTTPS on the others."""

    tls_port: int
    https_port: int

    async def answers(self) -> bool:
        """Whether it answers, if only that it knows nothing of the root."""
        return len(await answer_to(self.port, _QUESTION, 4)) == 4


@asynccontextmanager
async def running_bind(
    directory: Path, *, zone: str, records: str, certificate: Path, key: Path
) -> AsyncIterator[Bind]:
    """A BIND with its files in `directory`; `records` is the text of the zone's file."""
    bind = _bind(directory, zone, records, certificate, key)
    try:
        await bind.start()
        yield bind
    finally:
        await bind.kill()


def _bind(directory: Path, zone: str, records: str, certificate: Path, key: Path) -> Bind:
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    # AppArmor, which goes by the path, confines the installed one to Debian's folders.
    program = shutil.copy(require("named"), directory / "named")
    (directory / "zone").write_text(records)
    port, tls_port, https_port = free_port(), free_port(), free_port()
    config = directory / "named.conf"
    config.write_text(
        _CONFIG.format(
            directory=directory,
            zone=zone,
            port=port,
            tls_port=tls_port,
            https_port=https_port,
            certificate=certificate.resolve(),
            key=key.resolve(),
        )
    )
    bind = Bind([program, "-g", "-c", config], port=port, log=directory / "named.log")
    bind.tls_port, bind.https_port = tls_port, https_port
    return bind
