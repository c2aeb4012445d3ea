"""When messages are gathered, and what a digest says."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given as over
from hypothesis import strategies as st
from tests.notifier.given import a_digest, a_monitor, an_incident, opened, resolved

from vedette.core.events import Event, NotificationDigest
from vedette.core.outcome import Reason
from vedette.notifier.rendering import mail, text_message
from vedette.notifier.storm import CALM, Member, Storm, digest_of

AT_MS = 1_769_868_439_250
ID, CHANNEL = UUID(int=3), UUID(int=4)


def outages(count: int, name: str = "Shop {}") -> list[Event]:
    return [
        opened(an_incident(), monitor=a_monitor(name=name.format(number)))
        for number in range(1, count + 1)
    ]


def a_member(opened_as: str | None = None, *, outdated: bool = False) -> Member:
    (event,) = outages(1)
    return Member(
        id=uuid4(),
        event=event.model_dump(mode="json"),
        opened=opened_as,  # type: ignore[arg-type]
        outdated=outdated,
    )


def test_what_comes_on_top_of_the_threshold_is_gathered() -> None:
    storm = Storm(threshold=10)
    assert [storm.gathers(told) for told in (0, 9, 10, 11)] == [False, False, True, True]
    assert not CALM.gathers(10**6), "a threshold of 0 gathers nothing"


@over(
    st.lists(
        st.tuples(st.sampled_from([None, "sent", "failed", "skipped"]), st.booleans()), max_size=20
    )
)
def test_a_digest_tells_of_all_that_there_is_something_to_say_of(
    members: list[tuple[str | None, bool]],
) -> None:
    made = [a_member(opened_as, outdated=outdated) for opened_as, outdated in members]
    expected = [one.id for one in made if one.opened in {None, "sent"} and not one.outdated]
    digest = digest_of(ID, CHANNEL, "resolved", made)
    assert list(digest.told if digest else ()) == expected
    assert digest == digest_of(ID, CHANNEL, "resolved", made), "always the same"
    if digest is not None and len(expected) > 1:
        told = NotificationDigest.model_validate(Event.model_validate(digest.envelope).data)
        assert [item.incident.id for item in told.items] == list(digest.incidents)


def test_a_digest_of_one_is_that_one_s_event() -> None:
    member = a_member()
    digest = digest_of(ID, CHANNEL, "opened", [member])
    assert digest is not None
    assert digest.envelope == member.event


def test_a_mail_names_the_first_five_and_counts_the_rest() -> None:
    events = outages(300)
    other = an_incident()
    cause = other.cause.model_copy(update={"reason": Reason.TIMEOUT})
    events[7] = opened(other.model_copy(update={"cause": cause}), monitor=a_monitor(name="Late"))
    message = mail(a_digest(*events), at_ms=AT_MS, public_url="https://vedette.example.org")
    assert message.subject == (
        "DOWN: 300 monitors — Shop 1, Shop 2, Shop 3, Shop 4, Shop 5 and 295 more"
    )
    assert message.text == (
        "300 more monitors are down\n"
        "\n"
        "So many went down at once that these are told of together.\n"
        "\n"
        + "".join(
            f"Shop {number}:       down since 2026-01-31 14:03:07 UTC: it answered with an"
            " unexpected status\n"
            for number in range(1, 6)
        )
        + "And:          295 more\n"
        "In all:       it answered with an unexpected status (299); no complete answer came in"
        " time (1)\n"
        "\n"
        "https://vedette.example.org/\n"
        "\n"
        "-- \n"
        "Vedette\n"
    )
    assert "300 more monitors are down" in message.html


def test_what_recovered_is_up_and_what_was_paused_is_only_over() -> None:
    ends = [resolved(an_incident()) for _ in range(3)]
    up = mail(a_digest(*ends, transition="resolved"), at_ms=AT_MS, public_url=None)
    assert up.subject == "UP: 3 monitors — Shop API, Shop API, Shop API"
    assert "In all:       recovered (3)" in up.text
    ends.append(resolved(an_incident(), resolution="paused"))
    over = mail(a_digest(*ends, transition="resolved"), at_ms=AT_MS, public_url=None)
    assert over.subject.startswith("OVER: 4 monitors")
    assert "a recovery was not seen" in over.text
    assert "In all:       recovered (3); paused (1)" in over.text


@pytest.mark.parametrize("name", ["Shop {}", "A name that is long, in fact far too long {}", "äöü"])
def test_a_text_message_has_room_for_some_names(name: str) -> None:
    text = text_message(a_digest(*outages(290, name)), reference="1f3a9c")
    assert len(text) <= 160
    assert text.startswith("DOWN: 290 monitors: ")
    assert text.endswith(" more (ref 1f3a9c)")
