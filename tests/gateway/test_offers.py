"""What the probers offer, and what is refused and warned of because of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from vedette.gateway.domain.offers import Offers, Prober
from vedette.gateway.offered import refused, warnings

SEEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHY = "aiomysql is not installed; pip install 'vedette[mysql]' adds it"


def a_prober(region: str = "eu", **fields: Any) -> Prober:
    given: dict[str, Any] = {
        "name": "one",
        "version": "1.0",
        "kinds": ["dns", "http"],
        "lacking": {"mysql": WHY},
        "live": True,
        "seen_at": SEEN,
    }
    return Prober(region=region, **given | fields)


def able(region: str = "eu", **fields: Any) -> Prober:
    return a_prober(region, **{"kinds": ["dns", "http", "mysql"], "lacking": {}} | fields)


def spec(kind: str, *regions: str) -> dict[str, Any]:
    return {"kind": kind, "regions": list(regions)}


def test_what_no_live_prober_of_the_region_offers_is_refused_and_named() -> None:
    offers = Offers([a_prober(), able("us")])
    (error,) = refused(offers, spec("mysql", "eu"))
    assert (error.field, error.rule) == ("kind", "not_offered")
    assert error.message == (
        f"no live prober of region eu offers kind mysql: {WHY}; on offer: dns, http"
    )


def test_one_prober_that_offers_it_is_enough_and_the_others_are_warned_of() -> None:
    offers = Offers([a_prober(), able(name="two")])
    assert refused(offers, spec("mysql", "eu")) == []
    assert warnings(offers, spec("mysql", "eu")) == [
        f"prober one of region eu does not offer kind mysql: {WHY};"
        " checks that reach it end as internal_error"
    ]
    assert warnings(offers, spec("http", "eu")) == []


def test_the_region_is_named_where_others_offer_it() -> None:
    offers = Offers([able("us"), a_prober(), able("asia")])
    (error,) = refused(offers, spec("mysql", "us", "eu", "asia"))
    assert error.field == "regions[1]"


def test_a_kind_that_its_version_does_not_know_is_told_apart() -> None:
    offers = Offers([a_prober(version="0.9"), a_prober(version="0.9", name="two")])
    (error,) = refused(offers, spec("telepathy", "eu"))
    assert "kind telepathy: version 0.9 does not know it; on offer" in error.message


def test_of_a_region_nobody_was_heard_of_from_nothing_is_refused() -> None:
    offers = Offers([a_prober()])
    assert refused(offers, spec("mysql", "moon")) == []
    assert warnings(offers, spec("mysql", "moon")) == [
        "no prober of region moon is known: nothing is checked until one is there"
    ]


def test_while_probers_are_started_again_what_they_offered_counts() -> None:
    offers = Offers([able(live=False)])
    assert refused(offers, spec("mysql", "eu")) == []
    assert warnings(offers, spec("mysql", "eu")) == [
        "no prober of region eu is live; the last was heard of at 2026-03-01T12:00:00.000Z"
    ]
    (error,) = refused(Offers([a_prober(live=False)]), spec("mysql", "eu"))
    assert "no prober of region eu is live, and none that was offered kind mysql" in error.message


def test_those_that_are_gone_count_no_more_when_others_are_live() -> None:
    offers = Offers([able(live=False), a_prober(name="two")])
    assert [error.field for error in refused(offers, spec("mysql", "eu"))] == ["kind"]


def test_what_was_taken_before_stays() -> None:
    offers = Offers([a_prober(), a_prober("us")])
    before = spec("mysql", "eu")
    assert refused(offers, spec("mysql", "eu"), before) == []
    (error,) = refused(offers, spec("mysql", "eu", "us"), before)
    assert error.field == "regions[1]"
    (error,) = refused(offers, spec("mysql", "eu"), spec("http", "eu"))
    assert error.field == "kind"
    assert warnings(offers, before), "but it is said at each reading"


@pytest.mark.parametrize("definition", [{"kind": "heartbeat"}, spec("heartbeat")])
def test_kinds_that_nobody_probes_need_no_prober(definition: dict[str, Any]) -> None:
    offers = Offers([a_prober()])
    assert not refused(offers, definition)
    assert not warnings(offers, definition)


def test_what_a_region_lacks_is_what_none_of_its_live_probers_has() -> None:
    offers = Offers(
        [
            a_prober(lacking={"mysql": WHY, "kafka": "no client"}),
            able(name="two", lacking={"kafka": "no client either"}),
            able(name="three", live=False),
        ]
    )
    assert offers.kinds("eu") == ["dns", "http", "mysql"]
    assert offers.lacking("eu") == {"kafka": "no client; no client either"}
    assert (offers.kinds("moon"), offers.lacking("moon")) == ([], {})
