"""Secrets at rest: encrypted with a key that only processes hold, never the database."""

import base64
import binascii
import os
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from vedette.core.errors import Permanent, VedetteError

_NONCE_BYTES = 12
_WRONG_KEY = "a secret can't be decrypted: VEDETTE_SECRET_KEY is not the one it was sealed with"


class SecretBox:
    """Encrypts JSON values under one key.

    As bytes by Fernet (AES-128-CBC with HMAC-SHA-256); as text, bound to whose it is, by
    AES-256-GCM: elsewhere the text can't be opened.
    """

    def __init__(self, key: str) -> None:
        # Any text may be the key; hashing it gives the ciphers the 32 bytes they want.
        self._fernet = Fernet(base64.urlsafe_b64encode(sha256(key.encode()).digest()))
        self._bound = AESGCM(sha256(b"vedette bound secrets\0" + key.encode()).digest())

    def seal(self, value: Any) -> bytes:
        """Encrypt a JSON value."""
        return self._fernet.encrypt(orjson.dumps(value))

    def open(self, sealed: bytes) -> Any:
        """Decrypt. Raises Permanent if it was sealed with another key."""
        try:
            return orjson.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise Permanent(_WRONG_KEY) from None

    def seal_for(self, owner: str, value: Any) -> str:
        """Encrypt a JSON value of one owner's as text."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._bound.encrypt(nonce, orjson.dumps(value), owner.encode())
        return base64.b64encode(sealed).decode()

    def open_for(self, owner: str, sealed: str) -> Any:
        """Decrypt a text. Raises Permanent if another key or owner sealed it, or it is none."""
        try:
            octets = base64.b64decode(sealed, validate=True)
            nonce, encrypted = octets[:_NONCE_BYTES], octets[_NONCE_BYTES:]
            return orjson.loads(self._bound.decrypt(nonce, encrypted, owner.encode()))
        except (InvalidTag, ValueError, binascii.Error):
            raise Permanent(_WRONG_KEY) from None


def secret_box(key: SecretStr | None) -> SecretBox:
    """The box under a process's key. Raises VedetteError if it was given none."""
    if key is None:
        raise VedetteError(
            "VEDETTE_SECRET_KEY is not set: it encrypts the secrets of monitors and channels; set"
            " it to a long random text, the same for the gateway, the scheduler and the notifier"
        )
    return SecretBox(key.get_secret_value())
