"""TLS contexts, made once for all targets with the same options: one with the usual authorities
takes a megabyte and many milliseconds."""

import os
import ssl
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

from vedette.core.outcome import Reason
from vedette.core.tls import TlsOptions, TlsVersion
from vedette.prober.streams.certificates import Certificate, parsed
from vedette.prober.streams.stopped import Stopped

_VERSIONS: Mapping[TlsVersion, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_OLD = frozenset({"1.0", "1.1"})
_CONTEXTS = 256


class Trust:
    """A TLS context, and what it trusts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def lasting(self, anchor: Certificate) -> datetime:
        """Until when an authority is trusted: others of its name and key may outlive it."""
        return max(anchor.not_after, self._lasting.get(anchor.identity, anchor.not_after))

    @cached_property
    def _lasting(self) -> dict[bytes, datetime]:
        lasting: dict[bytes, datetime] = {}
        for der in self.context.get_ca_certs(binary_form=True):
            anchor = parsed(der)
            if anchor is not None:
                known = lasting.get(anchor.identity, anchor.not_after)
                lasting[anchor.identity] = max(known, anchor.not_after)
        return lasting


class _Options(NamedTuple):
    """What a context is made of. It is looked up at each handshake, which a tuple makes quick."""

    verify: bool
    ca: str | None
    ca_file: str | None
    certificate: str | None
    key: str | None
    min_version: TlsVersion
    max_version: TlsVersion


def trust_of(options: TlsOptions, ca_file: str) -> Trust:
    """The context for these options. Raises Stopped if the prober's authorities are unusable."""
    try:
        return _trust(_of(options, ca_file))
    except (OSError, ValueError) as error:
        raise Stopped(
            Reason.INTERNAL_ERROR, f"the prober can't use its authorities {ca_file}: {error}"
        ) from error


def check_own(options: TlsOptions) -> None:
    """See that a definition's own certificates and key can be used. Raises ValueError."""
    if options.ca is None and options.client_certificate is None:
        return
    try:
        _trust(_of(options, None))
    except OSError as error:
        raise ValueError(f"the certificates or the key can't be used: {error}") from error


def _of(options: TlsOptions, ca_file: str | None) -> _Options:
    return _Options(
        verify=options.verify,
        ca=options.ca if options.verify else None,
        ca_file=ca_file if options.verify and options.ca is None else None,
        certificate=options.client_certificate,
        key=options.client_key,
        min_version=options.min_version,
        max_version=options.max_version,
    )


@lru_cache(maxsize=_CONTEXTS)
def _trust(options: _Options) -> Trust:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A resumed session would not show the certificate.
    context.options |= ssl.OP_NO_TICKET
    # What is given as trusted is, an intermediate or a server's own certificate as well.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _set_versions(context, options)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.ca_file is not None or options.ca is not None:
        context.load_verify_locations(cafile=options.ca_file, cadata=options.ca)
    if options.certificate is not None and options.key is not None:
        with _file(options.certificate) as certificate, _file(options.key) as key:
            # A pass phrase would be asked for on the terminal.
            context.load_cert_chain(certificate, key, password=lambda: "")
    return Trust(context)


def _set_versions(context: ssl.SSLContext, options: _Options) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # who asks for old ones knows
        context.minimum_version = _VERSIONS[options.min_version]
        context.maximum_version = _VERSIONS[options.max_version]
    if options.min_version in _OLD:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")


@contextmanager
def _file(text: str) -> Iterator[str]:
    """A file for what OpenSSL only reads from files: in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("vedette"), "w") as file:
            file.write(text)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            yield file.name
