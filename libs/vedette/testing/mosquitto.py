"""A private Mosquitto."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.testing.exchange import answer_to
from vedette.testing.needs import require
from vedette.testing.ports import free_port
from vedette.testing.server import Server

# CONNECT of MQTT 3.1.1: no name, no identifier, a clean session; and what it answers to that.
_GREETING = bytes.fromhex("100c 0004 4d515454 04 02 003c 0000")
_CONNACK = b"\x20"
_ROUNDS = 101

_LISTENER = """\
listener {port} 127.0.0.1
"""
_TLS = """\
certfile {pem}
keyfile {pem}
"""
_LOGINS = """\
allow_anonymous false
password_file {directory}/passwords
acl_file {directory}/acl
"""
# It would become another user, who can't read these files; only root has that choice.
_CONFIG = """\
persistence false
log_type all
sys_interval 1
user root
"""


class Mosquitto(Server):
    """A Mosquitto that keeps nothing."""

    tls_port = 0
    """Where it speaks MQTT within TLS, if it was given a certificate."""

    async def answers(self) -> bool:
        """Whether it speaks MQTT, to those whom it knows or not."""
        return await answer_to(self.port, _GREETING, 1) == _CONNACK


@asynccontextmanager
async def running_mosquitto(
    directory: Path,
    *,
    passwords: Mapping[str, str] | None = None,
    acl: str = "",
    pem: Path | None = None,
) -> AsyncIterator[Mosquitto]:
    """A Mosquitto whose files lie in `directory`.

    With `passwords` it lets in those users only, and to the topics that `acl` (in the words of its
    own file) gives them; `pem` is its key and certificate.
    """
    mosquitto = _mosquitto(directory, passwords, acl, pem)
    try:
        await mosquitto.start()
        yield mosquitto
    finally:
        await mosquitto.kill()


def _mosquitto(
    directory: Path, passwords: Mapping[str, str] | None, acl: str, pem: Path | None
) -> Mosquitto:
    program = require("mosquitto")
    directory.mkdir(parents=True, exist_ok=True)
    port, tls_port = free_port(), free_port() if pem is not None else 0
    config = _CONFIG
    if passwords is None:
        config += "allow_anonymous true\n"
    else:
        config += _LOGINS.format(directory=directory)
        lines = [f"{name}:{_hashed(password)}\n" for name, password in passwords.items()]
        (directory / "passwords").write_text("".join(lines))
        (directory / "acl").write_text(acl)
    config += _LISTENER.format(port=port)
    if pem is not None:
        config += _LISTENER.format(port=tls_port) + _TLS.format(pem=pem)
    (directory / "mosquitto.conf").write_text(config)
    argv: list[str | Path] = [program, "-c", str(directory / "mosquitto.conf")]
    mosquitto = Mosquitto(argv, port=port, log=directory / "mosquitto.log")
    mosquitto.tls_port = tls_port
    return mosquitto


def _hashed(password: str) -> str:
    """A password as Mosquitto's file has it: PBKDF2 with SHA-512 and its salt."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"
