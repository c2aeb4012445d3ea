"""SCRAM, the client's side: RFC 5802, with SHA-256 (RFC 7677) or SHA-512, no channel binding."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from secrets import token_urlsafe

_MOST_ROUNDS = 65_536
"""Kafka itself takes a quarter of that; each costs time in which nothing else is done."""
_NO_BINDING = "n,,"
_HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


class Scram:
    """One login. Every method may raise ValueError for what the server should not have said."""

    def __init__(
        self, mechanism: str, username: str, password: str, nonce: str | None = None
    ) -> None:
        self._hash = _HASHES[mechanism]
        self._password = password.encode()
        self._nonce = nonce or token_urlsafe(24)
        name = username.replace("=", "=3D").replace(",", "=2C")
        self._first = f"n={name},r={self._nonce}"
        self._signature = b""

    def first(self) -> bytes:
        """What begins it."""
        return (_NO_BINDING + self._first).encode()

    def proof(self, challenge: bytes) -> bytes:
        """The answer to the server's challenge."""
        said = _parts(challenge)
        nonce, salt, rounds = said["r"], b64decode(said["s"], validate=True), int(said["i"])
        if not nonce.startswith(self._nonce):
            raise ValueError("its nonce does not begin with ours")
        if not 1 <= rounds <= _MOST_ROUNDS:
            raise ValueError(f"it asks for {rounds} rounds of hashing, not 1 to {_MOST_ROUNDS}")
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, salt, rounds)
        key = self._mac(salted, b"Client Key")
        bare = f"c={b64encode(_NO_BINDING.encode()).decode()},r={nonce}"
        everything = ",".join([self._first, challenge.decode(), bare]).encode()
        signature = self._mac(hashlib.new(self._hash, key).digest(), everything)
        self._signature = self._mac(self._mac(salted, b"Server Key"), everything)
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{bare},p={b64encode(proof).decode()}".encode()

    def verify(self, final: bytes) -> None:
        """See that the server knows the password too."""
        said = _parts(final)
        if "e" in said:
            raise ValueError(f"it says {said['e']}")
        if not hmac.compare_digest(b64decode(said["v"], validate=True), self._signature):
            raise ValueError("it does not prove that it knows the password")

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._hash)


def _parts(said: bytes) -> dict[str, str]:
    """`r=…,s=…,i=…`. Raises ValueError unless every name that is looked up later is there."""
    parts = dict(part.partition("=")[::2] for part in said.decode().split(","))
    if not ({"r", "s", "i"} <= parts.keys() or "v" in parts or "e" in parts):
        raise ValueError("it is incomplete")
    return parts
