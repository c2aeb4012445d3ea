"""What an answer over TLS says of certificates is what kind tls says of them."""

import ssl
from warnings import catch_warnings, simplefilter

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from tests.prober.support import OK, look, serving
from tests.prober.talking import Issued, Maker, presenting, tls

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.certificates import identity

MAKER = Maker()
ROOT = MAKER.make("root", ca=True, days=300)
BETWEEN = MAKER.make("between", by=ROOT, ca=True, days=9)
OLD = MAKER.make("twin", ca=True, days=1)
NEW = MAKER.make("twin", ca=True, days=3, key=OLD.key)
CHAINS = {
    "one": ([MAKER.make("a", by=ROOT)], ROOT.pem),
    "two": ([MAKER.make("a", by=BETWEEN), BETWEEN], ROOT.pem),
    "with its root": ([MAKER.make("a", by=BETWEEN), BETWEEN, ROOT], ROOT.pem),
    "in disorder": ([MAKER.make("a", by=BETWEEN), ROOT, BETWEEN], ROOT.pem),
    "twins": ([MAKER.make("a", by=OLD), OLD], OLD.pem + NEW.pem),
    "twins turned": ([MAKER.make("a", by=OLD), OLD], NEW.pem + OLD.pem),
    "trusted halfway": ([MAKER.make("a", by=BETWEEN)], BETWEEN.pem),
    "trusted by itself": ([own := MAKER.make("a")], own.pem),
}


@pytest.mark.parametrize("name", CHAINS)
async def test_facts_and_properties(context: Context, name: str) -> None:
    chain, trusted = CHAINS[name]
    options = {"ca": trusted}
    async with serving(OK, tls=presenting(*chain)) as server:
        mine = await look(context, f"https://127.0.0.1:{server.port}/", tls=options)
        other = await tls(context, server.port, tls=options)
    assert mine.trouble is None
    assert other.trouble is None
    assert "chain_expires_at" in other.facts
    assert "tls_version" in other.facts
    assert dict(mine.facts) | dict(other.facts) == mine.facts
    ours, theirs = mine.subjects["certificate"], other.subjects["certificate"]
    assert set(ours) == set(theirs)
    for property_ in set(ours) - {"days_left", "chain_days_left"}:
        assert ours[property_] == theirs[property_], property_
    assert ours["chain_days_left"] == pytest.approx(theirs["chain_days_left"], abs=0.01)


@pytest.mark.parametrize("shown", [True, False])
async def test_an_authority_with_a_negative_serial_is_one(context: Context, shown: bool) -> None:
    """There are some among those that systems trust, and RFC 5280 forbids them."""
    odd = with_negative_serial(ROOT)
    leaf = MAKER.make("a", by=ROOT)
    chain = [leaf, odd] if shown else [leaf]
    async with serving(OK, tls=presenting(*chain)) as server:
        seen = await look(context, f"https://127.0.0.1:{server.port}/", tls={"ca": odd.pem})
    assert seen.trouble is None, seen.trouble
    assert seen.facts["chain_expires_at"] == seen.facts["certificate_expires_at"]


def with_negative_serial(issued: Issued) -> Issued:
    der = bytearray(issued.certificate.public_bytes(Encoding.DER))
    version = b"\xa0\x03\x02\x01\x02"
    der[der.index(version) + len(version) + 2] |= 0x80  # behind the serial's tag and length
    with catch_warnings():
        simplefilter("ignore")
        return Issued(load_der_x509_certificate(bytes(der)), issued.key)


async def test_the_cipher_and_version_are_the_targets(context: Context) -> None:
    leaf = MAKER.make("a", by=ROOT)
    old = presenting(leaf, maximum_version=ssl.TLSVersion.TLSv1_2)
    old.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    async with serving(OK, tls=old) as server:
        seen = await look(context, f"https://127.0.0.1:{server.port}/", tls={"ca": ROOT.pem})
    assert seen.facts["tls_version"] == "TLSv1.2"
    assert seen.subjects["certificate"]["cipher"] == "ECDHE-ECDSA-AES256-GCM-SHA384"


async def test_nothing_is_said_of_a_chain_that_was_not_verified(context: Context) -> None:
    with identity("untrusted") as other:
        async with serving(OK, tls=other.context) as server:
            seen = await look(context, f"https://127.0.0.1:{server.port}/", tls={"verify": False})
    assert seen.trouble is None
    assert "chain_expires_at" not in seen.facts
    assert seen.subjects["certificate"]["chain_valid"] is False


async def test_a_bad_certificate_is_no_less_bad(context: Context) -> None:
    expired: Issued = MAKER.make("a", by=ROOT, since=-9, days=-1)
    async with serving(OK, tls=presenting(expired)) as server:
        seen = await look(context, f"https://127.0.0.1:{server.port}/", tls={"ca": ROOT.pem})
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_EXPIRED
