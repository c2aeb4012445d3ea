"""TLS as a target wants it, and what is seen of its certificate."""

import asyncio
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import trustme
from tests.prober.support import OK, Script, answer, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.certificates import identity


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


def server_side(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def test_without_verification_any_certificate_will_do(context: Context) -> None:
    with identity("self_signed") as bad:
        async with serving(OK, tls=bad.context) as server:
            seen = await look(context, f"https://127.0.0.1:{server.port}/", tls={"verify": False})
    assert seen.trouble is None
    assert seen.subjects["certificate"]["chain_valid"] is False


async def test_an_authority_of_the_targets_own(context: Context, authority: trustme.CA) -> None:
    async with serving(OK, tls=server_side(authority, "127.0.0.1")) as server:
        url = f"https://127.0.0.1:{server.port}/"
        good = await look(context, url, tls={"ca": pem(authority)})
        other = await look(context, url, tls={"ca": pem(trustme.CA())})
    assert good.trouble is None
    assert good.subjects["certificate"]["chain_valid"] is True
    assert other.trouble is not None
    assert other.trouble.reason is Reason.TLS_UNTRUSTED


async def test_an_authority_that_openssl_can_not_read_is_no_fault_of_the_target(
    context: Context, authority: trustme.CA
) -> None:
    hollow = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    async with serving(OK, tls=server_side(authority, "127.0.0.1")) as server:
        seen = await look(context, f"https://127.0.0.1:{server.port}/", tls={"ca": hollow})
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR


@contextmanager
def shaking_hands(tls: ssl.SSLContext) -> Iterator[int]:
    """A server for one handshake that sends its alert, as asyncio's does not."""

    def shake() -> None:
        talking = tls.wrap_socket(
            listener.accept()[0], server_side=True, do_handshake_on_connect=False
        )
        with suppress(OSError):
            talking.do_handshake()
        # What comes in unread would turn the alert into a reset.
        with socket.socket(fileno=talking.detach()) as bare:
            bare.shutdown(socket.SHUT_WR)
            while bare.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def client(authority: trustme.CA, key_of: trustme.LeafCert | None = None) -> dict[str, str]:
    own = authority.issue_cert("prober.example")
    return {
        "ca": pem(authority),
        "client_certificate": own.cert_chain_pems[0].bytes().decode(),
        "client_key": (key_of or own).private_key_pem.bytes().decode(),
    }


@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_client_certificates(context: Context, authority: trustme.CA, version: str) -> None:
    tls = server_side(authority, "127.0.0.1")
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    limit = {"max_version": version}
    async with serving(OK, tls=tls) as server:
        url = f"https://127.0.0.1:{server.port}/"
        good = await look(context, url, tls=client(authority) | limit)
    with shaking_hands(tls) as port:
        url = f"https://127.0.0.1:{port}/"
        none = await look(context, url, tls={"ca": pem(authority)} | limit)
    assert good.trouble is None
    assert none.trouble is not None
    assert none.trouble.reason is Reason.TLS_HANDSHAKE, none.trouble


async def test_a_client_certificate_is_for_the_targets_own_host(
    context: Context, authority: trustme.CA
) -> None:
    shown: dict[str, bool] = {}

    def asking(name: str) -> ssl.SSLContext:
        tls = server_side(authority, name)
        authority.configure_trust(tls)
        tls.verify_mode = ssl.CERT_OPTIONAL
        return tls

    def noting(name: str, *headers: str) -> Script:
        async def script(_request: bytes, writer: asyncio.StreamWriter) -> None:
            shown[name] = bool(writer.get_extra_info("peercert"))
            writer.write(answer(302 if headers else 200, *headers))

        return script

    async with serving(noting("other"), tls=asking("127.0.0.1")) as other:
        onward = f"Location: https://127.0.0.1:{other.port}/"
        async with serving(noting("next", onward), tls=asking("localhost")) as following:
            to = f"Location: https://localhost:{following.port}/"
            async with serving(noting("own", to), tls=asking("localhost")) as own:
                url = f"https://localhost:{own.port}/"
                seen = await look(context, url, tls=client(authority))
    assert seen.trouble is None
    assert shown == {"own": True, "next": True, "other": False}


async def test_a_key_of_another_certificate_is_our_own_fault(
    context: Context, authority: trustme.CA
) -> None:
    async with serving(OK, tls=server_side(authority, "127.0.0.1")) as server:
        options = client(authority, key_of=authority.issue_cert("other.example"))
        seen = await look(context, f"https://127.0.0.1:{server.port}/", tls=options)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR, seen.trouble


async def test_another_server_name(context: Context, authority: trustme.CA) -> None:
    asked: list[str | None] = []
    tls = server_side(authority, "inner.example")
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with serving(answer(204), tls=tls) as server:
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{server.port}/a?b"
            options = {"ca": pem(authority), "server_name": "inner.example"}
            seen = await look(context, url, tls=options)
            assert seen.trouble is None, seen.trouble
            assert server.header("host") == f"{host}:{server.port}"
            assert server.line() == "GET /a?b HTTP/1.1"
            wrong = await look(context, url, tls=options | {"server_name": "other.example"})
            assert wrong.trouble is not None
            assert wrong.trouble.reason is Reason.TLS_HOSTNAME
    assert asked == ["inner.example", "other.example"] * 2


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"max_version": "1.2"}, ssl.TLSVersion.TLSv1_2, None),
        ({"max_version": "1.2"}, ssl.TLSVersion.TLSv1_3, Reason.TLS_HANDSHAKE),
        ({"min_version": "1.3"}, ssl.TLSVersion.TLSv1_2, Reason.TLS_HANDSHAKE),
        ({}, ssl.TLSVersion.TLSv1_1, Reason.TLS_HANDSHAKE),
        ({"min_version": "1.0"}, ssl.TLSVersion.TLSv1_1, None),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_versions(
    context: Context,
    authority: trustme.CA,
    ours: dict[str, Any],
    theirs: ssl.TLSVersion,
    reason: Reason | None,
) -> None:
    tls = server_side(authority, "127.0.0.1")
    tls.set_ciphers("DEFAULT@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = theirs
    async with serving(OK, tls=tls) as server:
        seen = await look(
            context, f"https://127.0.0.1:{server.port}/", tls={"ca": pem(authority)} | ours
        )
    assert (None if seen.trouble is None else seen.trouble.reason) is reason, seen.trouble


async def test_a_server_that_takes_what_we_like_speaks_the_cipher_of_browsers(
    context: Context, authority: trustme.CA
) -> None:
    tls = server_side(authority, "127.0.0.1")
    tls.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    async with serving(OK, tls=tls) as server:
        url = f"https://127.0.0.1:{server.port}/"
        seen = await look(context, url, tls={"ca": pem(authority)})
    assert seen.subjects["certificate"]["cipher"] == "TLS_AES_128_GCM_SHA256"


async def test_what_is_seen_of_a_certificate(context: Context) -> None:
    authority = trustme.CA(organization_name="Good Names")
    leaf = authority.issue_cert("127.0.0.1", "a.example", common_name="a.example")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(tls)
    async with serving(OK, tls=tls) as server:
        url = f"https://127.0.0.1:{server.port}/"
        seen = await look(context, url, tls={"ca": pem(authority)})
    found = seen.subjects["certificate"]
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    assert found["fingerprint"] == hashlib.sha256(der).hexdigest()
    assert sorted(found["names"]) == ["127.0.0.1", "a.example"]
    assert "Good Names" in found["issuer"]
    assert "a.example" in found["subject"]
    assert found["expires_at"] == seen.facts["certificate_expires_at"]
    assert found["not_before"] < found["expires_at"]
    assert found["days_left"] > 1
    assert found["serial"].strip("0123456789abcdef") == ""
    assert found["chain_valid"] is True


async def test_tls_can_be_forbidden(context: Context, authority: trustme.CA) -> None:
    async with serving(OK, tls=server_side(authority, "127.0.0.1")) as server:
        url = f"https://127.0.0.1:{server.port}/"
        seen = await look(context, url, tls={"ca": pem(authority)}, require_tls=False)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert seen.facts["status"] == 200
