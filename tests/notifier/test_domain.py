"""Whom to tell, how many at once, when to try again."""

from uuid import UUID, uuid4

import pytest
from tests.notifier.given import (
    an_incident,
    an_outage,
    opened,
    recovered,
    reminded,
    resolved,
    unhealthy,
)

from vedette.core.events import Event, IncidentOpened, RegionUnhealthy
from vedette.core.ids import derived
from vedette.notifier.delivery import Claim, Delivery, Failed, Retry, SendFailed, Skipped
from vedette.notifier.domain.affairs import affair_of, beginning_told_by
from vedette.notifier.domain.lanes import LIMITS, allot, lane
from vedette.notifier.domain.retrying import after_failure, backoff, before_sending
from vedette.notifier.domain.telling import (
    Audience,
    Received,
    deliveries_of_affair,
    deliveries_of_test,
)

HOUR_S = 3600.0


def deliveries_of(event: Event, audience: Audience) -> list[Delivery]:
    return deliveries_of_affair(Received(event, {}), affair_of(event), [audience])


def a_claim(**changes: object) -> Claim:
    audience = Audience(uuid4(), "email", ["ann@example.org"])
    [delivery] = deliveries_of(opened(an_incident()), audience)
    facts = {
        "delivery": delivery,
        "attempt": 1,
        "age_s": 0.0,
        "doubtful": False,
        "opened": None,
        "outdated": False,
        "sealed_config": b"",
        "channel_deleted": False,
    }
    return Claim(**{**facts, **changes})  # type: ignore[arg-type]


def failed(failure: SendFailed, **changes: object) -> Retry | Failed:
    return after_failure(failure, a_claim(**changes), give_up_after_s=24 * HOUR_S, jitter=0)


def test_each_recipient_gets_a_delivery_with_a_derived_id() -> None:
    incident, channel = an_incident(), uuid4()
    audience = Audience(channel, "email", ["ann@example.org", "bob@example.org"])
    found = deliveries_of(opened(incident), audience)
    assert [d.id for d in found] == [
        derived("delivery", incident.id, "opened", channel, who) for who in audience.recipients
    ]


def test_each_reminder_has_deliveries_of_its_own() -> None:
    incident, audience = an_incident(), Audience(uuid4(), "email", ["ann@example.org"])
    events = [opened(incident), reminded(incident, 1), reminded(incident, 2), resolved(incident)]
    found = [deliveries_of(one, audience)[0] for one in events]
    assert [(one.transition, one.number) for one in found] == [
        ("opened", 0), ("reminder", 1), ("reminder", 2), ("resolved", 0)
    ]  # fmt: skip
    assert len({one.id for one in found}) == len(found)


def test_a_reminder_that_something_newer_follows_is_not_sent() -> None:
    assert isinstance(before_sending(a_claim(outdated=True)), Skipped)


def test_the_first_delivery_of_a_test_has_the_tests_id() -> None:
    test, event = uuid4(), opened(an_incident())
    audience = Audience(uuid4(), "sms", ["+4915", "+4916"])
    found = deliveries_of_test(Received(event, {}), test, audience)
    assert found[0].id == test
    assert found[1].id != test


@pytest.mark.parametrize(
    ("kind", "recipient", "expected"),
    [
        ("email", "ann@example.org", "email"),
        ("sms", "+4915112345678", "sms"),
        ("webhook", "https://example.org/a?b=http://c", "webhook:example.org:443"),
        ("webhook", "http://example.org/a", "webhook:example.org:80"),
        ("webhook", "http://user:key@[::1]:8080/a", "webhook:::1:8080"),
    ],
)
def test_a_lane_is_what_can_hang_together(kind: str, recipient: str, expected: str) -> None:
    assert lane(kind, recipient) == expected


def test_retries_double_up_to_five_minutes() -> None:
    assert [backoff(n, 0) for n in (1, 2, 3, 8, 9, 10_000)] == [2, 4, 8, 256, 300, 300]


def test_jitter_is_a_fifth_either_way() -> None:
    assert (backoff(1, -1), backoff(1, 1)) == pytest.approx((1.6, 2.4))


def test_a_temporary_failure_is_retried() -> None:
    assert failed(SendFailed("no"), attempt=3) == Retry(8.0, "no", doubtful=False)


def test_a_permanent_failure_is_final() -> None:
    assert failed(SendFailed("no", permanent=True)) == Failed("no")


def test_a_message_is_given_up_after_a_day_and_says_so() -> None:
    outcome = failed(SendFailed("no"), age_s=24 * HOUR_S, attempt=300)
    assert outcome == Failed("given up after 1 d, 300 attempts: no")


def test_the_providers_wish_is_respected_within_reason() -> None:
    assert failed(SendFailed("no", retry_after_s=60)) == Retry(60, "no", doubtful=False)
    assert failed(SendFailed("no", retry_after_s=86_400)) == Retry(900, "no", doubtful=False)


def test_doubt_lets_the_provider_settle_first() -> None:
    assert failed(SendFailed("no", uncertain=True)) == Retry(10, "no", doubtful=True)


def test_errors_do_not_name_the_recipient() -> None:
    outcome = failed(SendFailed("550 <ann@example.org>: unknown", permanent=True))
    assert outcome == Failed("550 <a***@example.org>: unknown")


def test_errors_are_printable_whatever_a_provider_writes() -> None:
    assert str(SendFailed("a\r\nb\x00c\udc80d")) == "a b c d"


def test_a_resolution_is_skipped_when_its_opening_failed() -> None:
    assert isinstance(before_sending(a_claim(opened="failed")), Skipped)
    assert before_sending(a_claim(opened="sent")) is None


def test_a_deleted_channel_is_told_nothing() -> None:
    assert before_sending(a_claim(channel_deleted=True)) == Failed("the channel was deleted")


def test_a_lane_gets_what_its_limit_leaves() -> None:
    each = LIMITS["webhook"].each
    assert allot(["webhook:a:80"], {"webhook:a:80": 3}) == {"webhook:a:80": each - 3}
    assert allot(["webhook:a:80"], {"webhook:a:80": each}) == {}


@pytest.mark.parametrize("kind", LIMITS)
def test_a_lone_lane_fills_to_its_limit(kind: str) -> None:
    assert allot([kind], {}) == {kind: LIMITS[kind].each}


def test_many_hanging_hosts_leave_room_for_others() -> None:
    busy: dict[str, int] = {}
    for host in range(10):
        name = f"webhook:hanging{host}:443"
        busy[name] = allot([name], busy)[name]
    assert allot(["webhook:well:443", "email", "sms"], busy).keys() >= {
        "webhook:well:443",
        "email",
        "sms",
    }


def test_an_opening_can_be_told_from_its_resolution() -> None:
    incident = an_incident(channels=[UUID(int=3)])
    event = beginning_told_by(resolved(incident))
    assert Event.model_validate(event.model_dump()).payload() == IncidentOpened(
        incident=incident, monitor=IncidentOpened.model_validate(event.data).monitor
    )
    assert event.time == incident.opened_at


def test_a_regions_outage_can_be_told_from_its_end() -> None:
    outage = an_outage(channels=[UUID(int=3)])
    event = beginning_told_by(recovered(outage))
    assert Event.model_validate(event.model_dump()).payload() == RegionUnhealthy(outage=outage)
    assert event.time == outage.since


def test_only_ends_tell_of_a_beginning() -> None:
    with pytest.raises(ValueError, match=r"incident\.opened is no end"):
        beginning_told_by(opened(an_incident()))


def test_a_beginning_and_its_end_are_of_one_affair() -> None:
    incident, outage = an_incident(), an_outage()
    assert affair_of(opened(incident)) == affair_of(resolved(incident))
    assert affair_of(unhealthy(outage)) == affair_of(recovered(outage))
