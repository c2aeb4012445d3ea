"""Chains of certificates: which are good, and what exactly is wrong with the others."""

import datetime as dt

import pytest
from tests.prober.talking import DAY, Issued, Maker, presenting, talking, tls

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen

MAKER = Maker()
ROOT = MAKER.make("root", ca=True, days=300)
BETWEEN = MAKER.make("between", by=ROOT, ca=True, days=200)


async def shown(context: Context, *chain: Issued, trusted: str = ROOT.pem) -> Seen:
    async with talking(b"", tls=presenting(*chain)) as port:
        return await tls(context, port, tls={"ca": trusted})


def day(days: float) -> str:
    at = (MAKER.now + days * DAY).replace(microsecond=0)
    return at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("leaf", "reason", "words"),
    [
        (MAKER.make("a", by=ROOT, since=-9, days=-1), Reason.TLS_EXPIRED, "has expired on"),
        (MAKER.make("a", by=ROOT, since=1), Reason.TLS_NOT_YET_VALID, "only from"),
        (MAKER.make("a", by=ROOT, hosts=["b.example"]), Reason.TLS_HOSTNAME, "b.example"),
        (MAKER.make("a"), Reason.TLS_SELF_SIGNED, "self-signed"),
        (MAKER.make("a", by=MAKER.make("x", ca=True)), Reason.TLS_UNTRUSTED, "CN=x"),
        (MAKER.make("a", by=BETWEEN), Reason.TLS_UNTRUSTED, "CN=between"),
    ],
    ids=["expired", "not yet", "other host", "self-signed", "untrusted", "missing link"],
)
async def test_what_is_wrong(context: Context, leaf: Issued, reason: Reason, words: str) -> None:
    seen = await shown(context, leaf)
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble
    assert words in seen.trouble.message
    assert seen.facts["certificate_issuer"] == leaf.certificate.issuer.rfc4514_string()
    expires = leaf.certificate.not_valid_after_utc
    assert dt.datetime.fromisoformat(str(seen.facts["certificate_expires_at"])) == expires
    assert "chain_expires_at" not in seen.facts


async def test_another_address(context: Context) -> None:
    leaf = MAKER.make("a", by=ROOT, hosts=["localhost"])
    async with talking(b"", tls=presenting(leaf)) as port:
        seen = await tls(context, port, host="127.0.0.1", tls={"ca": ROOT.pem})
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_HOSTNAME


async def test_a_whole_chain(context: Context) -> None:
    seen = await shown(context, MAKER.make("a", by=BETWEEN, days=90), BETWEEN)
    assert seen.trouble is None
    assert seen.facts["chain_expires_at"] == seen.facts["certificate_expires_at"] == day(90)


async def test_an_untrusted_root_that_is_sent(context: Context) -> None:
    other = MAKER.make("x", ca=True)
    seen = await shown(context, MAKER.make("a", by=other), other)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_UNTRUSTED
    assert "CN=x" in seen.trouble.message


async def test_an_expired_intermediate(context: Context) -> None:
    over = MAKER.make("over", by=ROOT, ca=True, since=-9, days=-1)
    seen = await shown(context, MAKER.make("a", by=over), over)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_EXPIRED
    assert "CN=over" in seen.trouble.message
    assert seen.facts["earliest_expires_at"] == day(-1)


async def test_an_expired_root(context: Context) -> None:
    over = MAKER.make("over", ca=True, since=-9, days=-1)
    seen = await shown(context, MAKER.make("a", by=over), trusted=over.pem)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_EXPIRED
    assert "authority" in seen.trouble.message


async def test_of_two_roots_the_one_that_lasts_longer_counts(context: Context) -> None:
    old = MAKER.make("twin", ca=True, days=1)
    new = MAKER.make("twin", ca=True, days=3, key=old.key)
    leaf = MAKER.make("a", by=old)
    for trusted in (new.pem + old.pem, old.pem + new.pem):
        seen = await shown(context, leaf, old, trusted=trusted)
        assert seen.trouble is None
        assert seen.facts["chain_expires_at"] == day(3)
        assert seen.facts["earliest_expires_at"] == day(1)
        assert seen.facts["certificate_expires_at"] == day(30)


async def test_an_expired_root_has_a_successor(context: Context) -> None:
    old = MAKER.make("twin", ca=True, since=-9, days=-1)
    new = MAKER.make("twin", ca=True, key=old.key)
    seen = await shown(context, MAKER.make("a", by=old), old, trusted=old.pem + new.pem)
    assert seen.trouble is None


async def test_an_intermediate_may_be_trusted(context: Context) -> None:
    seen = await shown(context, MAKER.make("a", by=BETWEEN), trusted=BETWEEN.pem)
    assert seen.trouble is None
