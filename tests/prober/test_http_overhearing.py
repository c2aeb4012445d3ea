"""What is told of a handshake is the same whether it was seen or told in words."""

import ssl
from dataclasses import replace

import pytest
import trustme
from cryptography.hazmat.primitives import hashes
from tests.prober.http_proxies import proxying
from tests.prober.support import OK, answer, each_bad_certificate, look, serving
from tests.prober.talking import Issued, Maker, presenting

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.http import overhearing
from vedette.prober.http.hook import Hook, hook
from vedette.testing.certificates import Flavour, identity

MAKER = Maker()
ROOT = MAKER.make("root", ca=True, days=300)
BETWEEN = MAKER.make("between", by=ROOT, ca=True, days=9)
CHAINS = {
    "one": [MAKER.make("a", by=ROOT)],
    "two": [MAKER.make("a", by=BETWEEN), BETWEEN],
    "three": [MAKER.make("a", by=BETWEEN), BETWEEN, ROOT],
}


@pytest.fixture(params=["seen", "in words"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How handshakes are listened to."""
    if request.param == "in words":
        monkeypatch.setattr(overhearing, "hook", lambda: None)
    return str(request.param)


def test_this_libcurl_lets_handshakes_be_seen() -> None:
    """The slow way out is not taken unnoticed when one of its libraries becomes a newer one."""
    assert isinstance(hook(), Hook)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_version_cipher_and_chain(
    context: Context, name: str, version: ssl.TLSVersion
) -> None:
    chain = CHAINS[name]
    server_side = presenting(*chain, maximum_version=version)
    for _ in range(2):  # the second time, the chain is known
        async with serving(OK, tls=server_side) as server:
            url = f"https://127.0.0.1:{server.port}/"
            seen = await look(context, url, tls={"ca": ROOT.pem})
        assert seen.trouble is None
        certificate = seen.subjects["certificate"]
        assert seen.facts["tls_version"] == str(version.name).replace("_", ".")
        assert certificate["cipher"].startswith("TLS_" if version.name[-1] == "3" else "ECDHE-")
        assert certificate["chain_valid"] is True
        assert certificate["fingerprint"] == fingerprint(chain[0])
        earliest = min(one.certificate.not_valid_after_utc for one in chain)
        assert certificate["earliest_expires_at"] == earliest.isoformat().replace("+00:00", "Z")


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [trustme.KeyType.RSA, trustme.KeyType.ECDSA])
async def test_kinds_of_keys(context: Context, kind: trustme.KeyType) -> None:
    authority = trustme.CA(key_type=kind)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", key_type=kind).configure_cert(server_side)
    trusted = {"ca": authority.cert_pem.bytes().decode()}
    async with serving(OK, tls=server_side) as server:
        for _ in range(2):
            seen = await look(context, f"https://127.0.0.1:{server.port}/", tls=trusted)
            expected = "rsa-2048" if kind is trustme.KeyType.RSA else "ec-p256"
            assert seen.subjects["certificate"]["key"] == expected


@pytest.mark.usefixtures("way")
async def test_after_a_redirect_it_is_the_last_ones(context: Context) -> None:
    first, second = CHAINS["one"], CHAINS["two"]
    async with serving(OK, tls=presenting(*second)) as last:
        there = answer(302, f"Location: https://127.0.0.1:{last.port}/")
        async with serving(there, tls=presenting(*first)) as server:
            for _ in range(2):
                url = f"https://localhost:{server.port}/"
                seen = await look(context, url, tls={"ca": ROOT.pem})
                assert seen.facts["certificate_fingerprint"] == fingerprint(second[0])


@pytest.mark.usefixtures("way")
async def test_behind_a_proxy_over_tls_it_is_the_targets(context: Context) -> None:
    leaf = CHAINS["one"][0]
    with identity("valid") as own:
        here = replace(context, ca_file=str(own.ca_file))
        async with (
            serving(OK, tls=presenting(leaf, maximum_version=ssl.TLSVersion.TLSv1_2)) as server,
            proxying(tls=own.context) as proxy,
        ):
            for _ in range(2):
                seen = await look(
                    here,
                    f"https://127.0.0.1:{server.port}/",
                    proxy={"url": f"https://127.0.0.1:{proxy.port}"},
                    tls={"ca": ROOT.pem},
                )
                assert seen.trouble is None, seen.trouble
                assert seen.facts["tls_version"] == "TLSv1.2"
                assert seen.facts["certificate_fingerprint"] == fingerprint(leaf)


@pytest.mark.usefixtures("way")
@each_bad_certificate
async def test_what_is_bad_stays_bad(context: Context, flavour: Flavour, reason: Reason) -> None:
    with identity(flavour) as bad:
        here = replace(context, ca_file=str(bad.ca_file))
        async with serving(OK, tls=bad.context) as server:
            for _ in range(3):
                seen = await look(here, f"https://127.0.0.1:{server.port}/")
                assert seen.trouble is not None
                assert seen.trouble.reason is reason
            assert not server.requests


def fingerprint(issued: Issued) -> str:
    return issued.certificate.fingerprint(hashes.SHA256()).hex()
