"""SCRAM, the server's side, as RFC 5802 has it."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping


class ScramServer:
    """One login. Its methods raise ValueError or KeyError for a client that is not to come in."""

    def __init__(self, mechanism: str, users: Mapping[str, str], rounds: int = 4096) -> None:
        self._hash = mechanism.removeprefix("SCRAM-").replace("-", "").lower()
        self._users = users
        self._rounds = rounds
        self._said = ""
        self._password = b""
        self._nonce = ""

    def challenge(self, first: bytes) -> bytes:
        """The answer to a client's first message."""
        bare = first.decode().removeprefix("n,,")
        parts = _parts(bare)
        name = parts["n"].replace("=2C", ",").replace("=3D", "=")
        self._password = self._users[name].encode()
        self._nonce = parts["r"] + b64encode(os.urandom(9)).decode()
        self._salt = os.urandom(16)
        salt = b64encode(self._salt).decode()
        challenge = f"r={self._nonce},s={salt},i={self._rounds}"
        self._said = f"{bare},{challenge}"
        return challenge.encode()

    def final(self, last: bytes) -> bytes:
        """The answer to its proof."""
        bare, _, proof = last.decode().rpartition(",p=")
        if _parts(bare)["r"] != self._nonce:
            raise ValueError("another nonce")
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, self._salt, self._rounds)
        everything = f"{self._said},{bare}".encode()
        stored = hashlib.new(self._hash, self._mac(salted, b"Client Key")).digest()
        signature = self._mac(stored, everything)
        key = bytes(a ^ b for a, b in zip(b64decode(proof), signature, strict=True))
        if hashlib.new(self._hash, key).digest() != stored:
            raise ValueError("another password")
        server_key = self._mac(salted, b"Server Key")
        return b"v=" + b64encode(self._mac(server_key, everything))

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._hash)


def _parts(said: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in said.split(","))
