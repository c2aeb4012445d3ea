"""A private OpenSSH server, into which nobody can log in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from vedette.testing.exchange import answer_to
from vedette.testing.needs import require
from vedette.testing.ports import free_port
from vedette.testing.server import Server

HostKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CONFIG = """\
ListenAddress 127.0.0.1:{port}
PidFile none
UsePAM no
StrictModes no
AuthenticationMethods publickey
AuthorizedKeysFile none
"""
# Debian's sshd, run by root, wants this folder; its service would make it.
_SEPARATION = Path("/run/sshd")


class Sshd(Server):
    """An OpenSSH server with host keys of its own."""

    host_keys: dict[str, str]
    """The public host keys by their type, as known_hosts has them."""

    async def answers(self) -> bool:
        """Whether it identifies itself."""
        return await answer_to(self.port, b"", 4) == b"SSH-"


@asynccontextmanager
async def running_sshd(
    directory: Path, keys: Sequence[HostKey] = (), *, options: Sequence[str] = ()
) -> AsyncIterator[Sshd]:
    """An OpenSSH server with its files in `directory`, and lines of sshd_config besides ours."""
    sshd = _sshd(directory, keys or [ed25519.Ed25519PrivateKey.generate()], options)
    try:
        await sshd.start()
        yield sshd
    finally:
        await sshd.kill()


def _sshd(directory: Path, keys: Sequence[HostKey], options: Sequence[str]) -> Sshd:
    program = require("sshd")
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _SEPARATION.mkdir(exist_ok=True)
    port = free_port()
    lines = [_CONFIG.format(port=port), *options]
    public = {}
    for number, key in enumerate(keys):
        file = directory.resolve() / f"host_key_{number}"
        file.touch(mode=0o600)
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        lines.append(f"HostKey {file}")
        written = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        public[written.split()[0]] = written
    config = directory.resolve() / "sshd_config"
    config.write_text("\n".join(lines) + "\n")
    sshd = Sshd([program, "-D", "-e", "-f", config], port=port, log=directory / "sshd.log")
    sshd.host_keys = public
    return sshd
