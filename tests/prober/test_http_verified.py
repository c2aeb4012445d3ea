"""A chain that was found to be good is not verified anew, and is good for no more than that."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.prober.support import OK, hang, look, serving
from tests.prober.talking import Issued, Maker, presenting

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.http.hook import Hook, hook
from vedette.prober.streams import verified
from vedette.prober.streams.verified import Against, Verified

MAKER = Maker()
ROOT = MAKER.make("root", ca=True, days=300)
LEAF = MAKER.make("a", by=ROOT, days=20, since=-2)
OTHER = MAKER.make("root", ca=True, days=300)
HERE = Against("ca.pem", "1.2")
DAY_S = 86_400
NOW = MAKER.now.timestamp()


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What OpenSSL was asked to verify, and found."""
    found: list[int] = []
    real = hooked()._verify

    def verify(store: int) -> int:
        found.append(real(store))
        return found[-1]

    monkeypatch.setattr(hooked(), "_verify", verify)
    return found


def hooked() -> Hook:
    found = hook()
    assert found is not None
    return found


async def trusting(context: Context, port: int, trusted: Issued, **tls: Any) -> Reason | None:
    seen = await look(context, f"https://127.0.0.1:{port}/", tls={"ca": trusted.pem, **tls})
    return None if seen.trouble is None else seen.trouble.reason


async def test_once_is_enough(context: Context, verifications: list[int]) -> None:
    async with serving(OK, tls=presenting(LEAF)) as server:
        for _ in range(3):
            assert await trusting(context, server.port, ROOT) is None
    assert verifications == [1]


async def test_for_other_authorities_it_is_another_question(
    context: Context, verifications: list[int]
) -> None:
    async with serving(OK, tls=presenting(LEAF)) as server:
        assert await trusting(context, server.port, ROOT) is None
        for _ in range(2):
            assert await trusting(context, server.port, OTHER) is Reason.TLS_UNTRUSTED
        assert await trusting(context, server.port, ROOT, min_version="1.0") is None
    assert verifications == [1, 0, 0, 1]


async def test_without_verification_nothing_is_verified(
    context: Context, verifications: list[int]
) -> None:
    async with serving(OK, tls=presenting(LEAF)) as server:
        url = f"https://127.0.0.1:{server.port}/"
        for _ in range(2):
            seen = await look(context, url, tls={"verify": False})
            assert seen.subjects["certificate"]["chain_valid"] is False
    assert verifications == []


async def test_another_chain_is_another_question(
    context: Context, verifications: list[int]
) -> None:
    again = MAKER.make("a", by=ROOT)
    async with serving(OK, tls=presenting(LEAF)) as one, serving(OK, tls=presenting(again)) as two:
        for port in (one.port, two.port, one.port, two.port):
            assert await trusting(context, port, ROOT) is None
    assert verifications == [1, 1]


async def test_names_are_compared_although_the_chain_is_known(context: Context) -> None:
    leaf = MAKER.make("a", by=ROOT, hosts=["localhost"])
    async with serving(OK, tls=presenting(leaf)) as server:
        good = await look(context, f"https://localhost:{server.port}/", tls={"ca": ROOT.pem})
        assert good.trouble is None
        assert await trusting(context, server.port, ROOT) is Reason.TLS_HOSTNAME


async def test_what_can_not_be_looked_at_is_verified_all_the_same(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(hooked(), "_certificates", fail)
    async with serving(OK, tls=presenting(LEAF)) as server:
        assert await trusting(context, server.port, ROOT) is None
        assert await trusting(context, server.port, OTHER) is Reason.TLS_UNTRUSTED


async def test_nothing_is_left_of_transfers_that_are_over(context: Context) -> None:
    async with serving(OK, tls=presenting(LEAF)) as server:
        await asyncio.gather(*[trusting(context, server.port, ROOT) for _ in range(20)])
    async with serving(hang) as server:
        broken_off = asyncio.create_task(trusting(context, server.port, ROOT))
        async with asyncio.timeout(10):
            while not hooked()._under_way:
                await asyncio.sleep(0.01)
        broken_off.cancel()
        await asyncio.gather(broken_off, return_exceptions=True)
    assert not hooked()._listening
    assert not hooked()._under_way


def der(*issued: Issued) -> tuple[bytes, ...]:
    return tuple(one.certificate.public_bytes(Encoding.DER) for one in issued)


@pytest.mark.parametrize(
    ("later_s", "good"),
    [
        (-2 * DAY_S, False),  # before it is valid
        (-DAY_S + 60, True),
        (0, True),
        (3590, True),
        (3610, False),  # to be verified again
        (21 * DAY_S, False),
    ],
)
def test_it_is_good_for_a_time(later_s: float, good: bool) -> None:
    known = Verified()
    known.note(HERE, der(LEAF), der(LEAF, ROOT), NOW)
    assert (known.kept(HERE, der(LEAF), NOW + later_s) is not None) is good


def test_it_is_good_no_longer_than_its_certificates() -> None:
    known = Verified()
    end = datetime.fromtimestamp(NOW + 20 * DAY_S, UTC).replace(microsecond=0).timestamp()
    known.note(HERE, der(LEAF), der(LEAF, ROOT), end - 60)
    assert known.kept(HERE, der(LEAF), end - 1)
    assert not known.kept(HERE, der(LEAF), end + 1)


def test_what_can_not_be_read_is_not_remembered() -> None:
    known = Verified()
    known.note(HERE, der(LEAF), [*der(LEAF), b"what is this"], NOW)
    known.note(HERE, der(LEAF), [], NOW)
    assert not known.kept(HERE, der(LEAF), NOW)


def test_the_oldest_is_forgotten_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "_MOST", 2)
    known = Verified()
    for number in range(3):
        known.note(HERE, (bytes([number]),), der(LEAF, ROOT), NOW)
    kept = [known.kept(HERE, (bytes([number]),), NOW) for number in range(3)]
    assert kept == [None, (b"\1",), (b"\2",)]


def test_a_chain_of_many_certificates_is_remembered() -> None:
    known, long = Verified(), (*der(LEAF), b"\0" * 20_000)
    known.note(HERE, long, der(LEAF, ROOT), NOW)
    assert known.kept(HERE, long, NOW) == long


def test_the_oldest_is_forgotten_when_they_take_too_much_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verified, "_MOST_BYTES", 25)
    known, chains = Verified(), [(bytes([number]) * 10,) for number in range(4)]
    for chain in [*chains[:2], chains[1], *chains[2:]]:
        known.note(HERE, chain, der(LEAF, ROOT), NOW)
    kept = [known.kept(HERE, chain, NOW) is not None for chain in chains]
    assert kept == [False, False, True, True]


def test_what_takes_much_room_is_not_remembered() -> None:
    known = Verified()
    padded = (*der(LEAF), b"\0" * verified.LONGEST)
    known.note(HERE, padded, der(LEAF, ROOT), NOW)
    assert not known.kept(HERE, padded, NOW)
