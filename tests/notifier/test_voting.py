"""What people read of a round of several regions."""

from __future__ import annotations

from typing import Any

from tests.notifier.given import AT_MS, an_incident, opened, reminded

from vedette.core.events import Cause, IncidentRef, Vote
from vedette.core.outcome import Outcome, Reason
from vedette.notifier.rendering import SMS_LENGTH, mail, text_message
from vedette.notifier.voting import regions_in_words


def a_vote(region: str, outcome: str | None, **more: Any) -> Vote:
    return Vote.model_validate({"region": region, "outcome": outcome, **more})


VOTES = [
    a_vote("fra", "down", reason="timeout", message="no answer within 10 s", duration_ms=10_003.4),
    a_vote("nyc", "down", reason="connect_refused", message="refused by 192.0.2.7", duration_ms=9),
    a_vote("sgp", "up", duration_ms=80),
]


def an_outage(votes: list[Vote]) -> IncidentRef:
    cause = Cause(outcome=Outcome.DOWN, reason=Reason.TIMEOUT, region="fra", votes=votes)
    return an_incident(cause=cause)


def test_it_says_who_saw_what() -> None:
    assert regions_in_words(VOTES) == "down from 2 of 3 regions: fra, nyc; up from sgp"


def test_it_says_who_saw_nothing_and_whose_vote_did_not_count() -> None:
    votes = [
        VOTES[0],
        VOTES[1],
        a_vote("gru", None),
        a_vote("jnb", "missed"),
        a_vote("sgp", "up", late=True),
        a_vote("syd", "down", unhealthy=True),
    ]
    assert regions_in_words(votes) == (
        "down from 2 of 6 regions: fra, nyc, syd (not counted: the region is not well itself);"
        " up from sgp (later); nothing seen from jnb; not heard from yet: gru"
    )


def test_a_mail_tells_of_each_region_that_saw_trouble() -> None:
    text = mail(opened(an_outage(VOTES)), at_ms=AT_MS, public_url=None).text
    assert "Regions:      down from 2 of 3 regions: fra, nyc; up from sgp\n" in text
    assert "Region:       fra\n" in text
    assert "From nyc:     refused by 192.0.2.7 (9.0 ms)\n" in text
    assert "From sgp" not in text


def test_a_text_message_says_how_many_and_which() -> None:
    text = text_message(opened(an_outage(VOTES)), reference="1f3a9c")
    said = ": no complete answer came in time, from 2 of 3 regions: fra, nyc (ref 1f3a9c)"
    assert text.endswith(said)
    assert len(text) <= SMS_LENGTH


def test_a_text_message_leaves_names_out_that_are_too_long() -> None:
    votes = [a_vote(f"a-region-with-a-long-name-{number}", "down") for number in range(30)]
    text = text_message(reminded(an_outage(votes), 1), reference="1f3a9c")
    assert "from 30 of 30 regions (ref" in text
    assert len(text) <= SMS_LENGTH


def test_of_one_region_it_says_as_much_as_ever() -> None:
    text = mail(opened(an_incident()), at_ms=AT_MS, public_url=None).text
    assert "Regions:" not in text
    assert "Region:       eu-west\n" in text
    assert "regions" not in text_message(opened(an_incident()), reference="1f3a9c")
