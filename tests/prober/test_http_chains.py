"""What an answer over TLS says of certificates is what kind tls says of them."""

import ssl

import pytest
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
