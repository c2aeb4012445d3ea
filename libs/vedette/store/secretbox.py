"""Secrets at rest: encrypted with a key that only processes hold, never the database."""

import base64
from hashlib import sha256
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken

from vedette.core.errors import Permanent


class SecretBox:
    """Encrypts JSON values (Fernet: AES-128-CBC with HMAC-SHA-256) under one key."""

    def __init__(self, key: str) -> None:
        # Any text may be the key; hashing it gives Fernet the 32 bytes it wants.
        self._fernet = Fernet(base64.urlsafe_b64encode(sha256(key.encode()).digest()))

    def seal(self, value: Any) -> bytes:
        """Encrypt a JSON value."""
        return self._fernet.encrypt(orjson.dumps(value))

    def open(self, sealed: bytes) -> Any:
        """Decrypt. Raises Permanent if it was sealed with another key."""
        try:
            return orjson.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise Permanent(
                "a secret can't be decrypted: VEDETTE_SECRET_KEY is not the one it was sealed with"
            ) from None
