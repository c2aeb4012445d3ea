"""Kind `ssh`: the identification of an SSH server, the algorithms that it offers, and its host key.

Up when the server identifies itself as one of version 2.0, in words that the pattern `banner` fits,
tells its algorithms, shows one of the `host_keys` if any are given and proves that it has it, and
every assertion holds. Nobody logs in.

What does not fit `banner` is the reason `answer`; another host key, or one that the server can't
prove to have, is `certificate`; what is not SSH (RFC 4253) is `protocol_error`.

Phases: resolve, connect, first_byte, transfer (the identification), exchange (algorithms and host
key). Assertions may look at body (the identification, like "SSH-2.0-OpenSSH_9.2"), json (version,
software and comment of it, and lists of what is offered: kex, host_keys, ciphers, macs,
compressions), latency and ip.
"""

import base64
import binascii
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import AfterValidator, Field

from vedette.core.dialogue import compiled
from vedette.core.endpoints import Endpoint
from vedette.core.hosts import Port
from vedette.core.monitor import ProbedSpec

KeyType = Literal[
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"
]
KEY_TYPES: tuple[KeyType, ...] = get_args(KeyType)
_FINGERPRINT = "SHA256:"
_SHA256_BYTES = 32


class HostKey(NamedTuple):
    """A host key that is expected: its type, and the key itself or its SHA-256."""

    type: str
    key: bytes | None
    sha256: bytes | None


def host_key(written: str) -> HostKey:
    """`ssh-ed25519 AAAA…`, as in known_hosts, or `ssh-ed25519 SHA256:…`. Raises ValueError."""
    words = written.split()
    if len(words) < 2 or words[0] not in KEY_TYPES:
        types = ", ".join(KEY_TYPES)
        raise ValueError(f"a host key is its type ({types}) and the key, or SHA256:… of it")
    if words[1].startswith(_FINGERPRINT):
        digest = _decoded(words[1].removeprefix(_FINGERPRINT) + "=")
        if len(digest) != _SHA256_BYTES:
            raise ValueError("a fingerprint is 43 characters of base64 behind SHA256:")
        return HostKey(words[0], None, digest)
    key = _decoded(words[1])
    name = words[0].encode()
    if not key.startswith(len(name).to_bytes(4, "big") + name):
        raise ValueError(f"this is no key of type {words[0]}; copy it as it is in known_hosts")
    return HostKey(words[0], key, None)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("the key or its fingerprint is not valid base64") from None


def _host_key(written: str) -> str:
    host_key(written)
    return written


def _pattern(pattern: str) -> str:
    compiled(pattern)
    return pattern


class SshTarget(Endpoint):
    """A port that speaks SSH."""

    port: Port = 22
    banner: Annotated[str, AfterValidator(_pattern)] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="A pattern (RE2) found in the server's identification.",
        examples=["^SSH-2.0-OpenSSH_9"],
    )
    host_keys: list[Annotated[str, Field(max_length=4096), AfterValidator(_host_key)]] = Field(
        default=[],
        max_length=20,
        description="Down when the server's host key is none of these: type and key, as "
        "`ssh-keyscan` or known_hosts have them without the host, or type and `SHA256:` "
        "fingerprint. It is asked for one of these types, the first that it has. Default: any "
        "will do.",
        examples=["ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"],
    )

    def summary(self) -> str:
        """The host and the port."""
        return f"SSH {self.peer}"


class SshMonitor(ProbedSpec):
    """A monitor of kind ssh."""

    kind: Literal["ssh"] = "ssh"
    target: SshTarget
