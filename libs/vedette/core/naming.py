"""Which names (of headers, of fields in a form or in JSON, in a query) stand before a secret."""

import re

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_ANYWHERE = ("authorization", "cookie", "credential", "passphrase", "passwd", "password", "secret",
             "token")  # fmt: skip
_ENDS = ("key", "oauth")
_WORDS = frozenset({"jwt", "otp", "pass", "pin", "pw", "pwd", "sealed", "session",
                    "sessionid", "sid", "sig", "signature"})  # fmt: skip


def names_secret(name: str) -> bool:
    """Whether what is called so is taken for a secret: X-Api-Key, sessionId, client_secret."""
    lower = name.lower()
    if any(part in lower for part in _ANYWHERE):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if any(word in _WORDS or word.endswith(_ENDS) for word in words):
        return True
    return words[-1:] == ["auth"]  # X-Auth, but not authSource
