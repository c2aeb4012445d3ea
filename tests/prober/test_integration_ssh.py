"""Kind ssh against OpenSSH."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.prober.test_ssh import ssh

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.ssh.proof import METHODS
from vedette.testing.sshd import HostKey, running_sshd

KEYS: list[HostKey] = [
    rsa.generate_private_key(65537, 3072),
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP521R1()),
    ed25519.Ed25519PrivateKey.generate(),
]


def fingerprint(written: str) -> str:
    """Type and SHA-256, as ssh-keygen writes it."""
    kind, key = written.split()
    digest = b64encode(hashlib.sha256(b64decode(key)).digest()).decode().rstrip("=")
    return f"{kind} SHA256:{digest}"


async def test_identification_and_algorithms(context: Context, tmp_path: Path) -> None:
    async with running_sshd(tmp_path, options=["VersionAddendum checked"]) as sshd:
        seen = await ssh(context, sshd.port, banner="^SSH-2.0-OpenSSH_.* checked$")
    assert seen.trouble is None, seen.trouble
    assert str(seen.facts["banner"]).startswith("SSH-2.0-OpenSSH_")
    assert "ssh-ed25519" in seen.subjects["json"]["host_keys"]
    assert "aes128-ctr" in seen.subjects["json"]["ciphers"]
    assert "host_key" not in seen.facts


async def test_every_type_of_host_key(context: Context, tmp_path: Path) -> None:
    """The server shows the key of the type that is expected, though it has others."""
    async with running_sshd(tmp_path, KEYS) as sshd:
        assert len(sshd.host_keys) == len(KEYS)
        for written in sshd.host_keys.values():
            by_key = await ssh(context, sshd.port, host_keys=[written])
            by_print = await ssh(context, sshd.port, host_keys=[fingerprint(written)])
            wrong = f"{written.split()[0]} SHA256:{'A' * 43}"
            other = await ssh(context, sshd.port, host_keys=[wrong])
            both = await ssh(context, sshd.port, host_keys=[wrong, fingerprint(written)])
            assert by_key.trouble is by_print.trouble is both.trouble is None, by_key.trouble
            assert by_key.facts["host_key"] == fingerprint(written)
            assert other.trouble is not None
            assert other.trouble.reason is Reason.CERTIFICATE
            assert f"is another: {fingerprint(written)}" in other.trouble.message


@pytest.mark.parametrize("method", METHODS)
async def test_every_exchange_of_keys(context: Context, tmp_path: Path, method: str) -> None:
    async with running_sshd(tmp_path, options=[f"KexAlgorithms {method}"]) as sshd:
        seen = await ssh(context, sshd.port, host_keys=list(sshd.host_keys.values()))
    assert seen.trouble is None, seen.trouble
    assert method in seen.subjects["json"]["kex"]


async def test_a_server_that_hangs(context: Context, tmp_path: Path) -> None:
    async with running_sshd(tmp_path) as sshd:
        sshd.freeze()
        seen = await ssh(context, sshd.port, timeout_s=0.3)
        sshd.thaw()
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
