"""How TLS is spoken, as options of libcurl's."""

import re
from functools import cache
from typing import Any

import pycurl

from vedette.core.tls import TlsOptions
from vedette.prober.curl import Setopts

_LOWEST = {
    "1.0": pycurl.SSLVERSION_TLSv1_0,
    "1.1": pycurl.SSLVERSION_TLSv1_1,
    "1.2": pycurl.SSLVERSION_TLSv1_2,
    "1.3": pycurl.SSLVERSION_TLSv1_3,
}
_HIGHEST = {
    "1.0": pycurl.SSLVERSION_MAX_TLSv1_0,
    "1.1": pycurl.SSLVERSION_MAX_TLSv1_1,
    "1.2": pycurl.SSLVERSION_MAX_TLSv1_2,
    "1.3": pycurl.SSLVERSION_MAX_DEFAULT,
}
# OpenSSL speaks the versions before 1.2 only when it is told not to mind.
_OLD = ((pycurl.SSL_CIPHER_LIST, "DEFAULT@SECLEVEL=0"),)
# By itself, a newer OpenSSL also makes a key for a hybrid group with every greeting, which costs a
# tenth of the handshake. Here that group is still offered, to those who want no other.
_GROUPS = "X25519:P-256:X448:P-384:P-521:ffdhe2048:ffdhe3072:X25519MLKEM768"
_KNOWS_HYBRID = (3, 5)
# The order of browsers. OpenSSL's own begins with the second, whose keys are derived by SHA-384:
# with SHA-256, which processors know, a handshake takes 15 µs less.
_CIPHERS = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_KNOWS_TLS_1_3 = (1, 1)


def tls_setopts(tls: TlsOptions) -> Setopts:
    """Whom to trust, and which versions to speak."""
    options: list[tuple[int, Any]] = [
        # A resumed session would not show the certificate, and an expired one would pass.
        (pycurl.SSL_SESSIONID_CACHE, 0),
    ]
    if _openssl() >= _KNOWS_TLS_1_3:
        options.append((pycurl.TLS13_CIPHERS, _CIPHERS))
    if _openssl() >= _KNOWS_HYBRID:
        options.append((pycurl.SSL_EC_CURVES, _GROUPS))
    if not tls.verify:
        options += [(pycurl.SSL_VERIFYPEER, 0), (pycurl.SSL_VERIFYHOST, 0)]
    if tls.ca is not None:
        options.append((pycurl.CAINFO_BLOB, tls.ca.encode()))
    if (tls.min_version, tls.max_version) != ("1.2", "1.3"):
        options.append((pycurl.SSLVERSION, _LOWEST[tls.min_version] | _HIGHEST[tls.max_version]))
    if tls.min_version < "1.2":
        options += _OLD
    return tuple(options)


@cache
def _openssl() -> tuple[int, int]:
    """The version of libcurl's OpenSSL; (0, 0) if it has none."""
    found = re.search(r" OpenSSL/(\d+)\.(\d+)", pycurl.version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def client_setopts(tls: TlsOptions) -> Setopts:
    """Who we say we are."""
    if tls.client_certificate is None or tls.client_key is None:
        return ()
    return (
        (pycurl.SSLCERTTYPE, "PEM"),
        (pycurl.SSLKEYTYPE, "PEM"),
        (pycurl.SSLCERT_BLOB, tls.client_certificate.encode()),
        (pycurl.SSLKEY_BLOB, tls.client_key.encode()),
    )
