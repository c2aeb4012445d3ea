"""What people read."""

from uuid import uuid4

import pytest
from tests.notifier.given import (
    AT_MS,
    a_monitor,
    a_test,
    an_incident,
    an_outage,
    domain_expiring,
    expiring,
    opened,
    recovered,
    reminded,
    resolved,
    unhealthy,
)

from vedette.core.events import Cause, Event, Held
from vedette.core.outcome import Reason
from vedette.notifier.rendering import Mail, mail, text_message

GSM_AND_ASCII = frozenset(
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)


def written(event: Event) -> Mail:
    return mail(event, at_ms=AT_MS, public_url="https://vedette.example.org")


def texted(event: Event) -> str:
    return text_message(event, reference="1f3a9c")


def test_an_opening_says_what_since_when_and_why() -> None:
    incident = an_incident()
    message = written(opened(incident))
    assert message.subject == "DOWN: Shop API — it answered with an unexpected status"
    assert message.text == (
        "Shop API is down\n"
        "\n"
        "Monitor:      Shop API\n"
        "Target:       GET https://shop.example.org/health\n"
        "Down since:   2026-01-31 14:03:07 UTC (4 min 12 s ago)\n"
        "Reason:       it answered with an unexpected status\n"
        "Seen:         expected status between 200 and 299, saw 503\n"
        "Status:       503\n"
        "Region:       eu-west\n"
        "Took:         123 ms\n"
        "Of which:     DNS 3.2 ms, connect 20 ms, TLS 41 ms, first byte 59 ms\n"
        "\n"
        "https://vedette.example.org/\n"
        "\n"
        "-- \n"
        "Vedette\n"
    )


def test_a_reminder_says_how_long_it_has_been_down() -> None:
    message = written(reminded(an_incident(), 3))
    assert message.subject == (
        "STILL DOWN: Shop API — for 4 min 12 s: it answered with an unexpected status"
    )
    assert message.text.startswith("Shop API is still down, for 4 min 12 s now\n")
    assert "Reminder:     3\n" in message.text


def test_an_opening_that_waited_says_for_what() -> None:
    held = Held(maintenance_id=uuid4(), name="Backups", down_at="2026-01-31T13:00:00.000Z")
    message = written(opened(an_incident(held=held)))
    assert "Held back:    since 2026-01-31 13:00:00 UTC, for Backups (maintenance)" in message.text


def test_a_recovery_says_how_long_it_lasted() -> None:
    message = written(resolved(an_incident()))
    assert message.subject == "UP: Shop API — was down for 4 min 12 s"
    assert "Up since:     2026-01-31 14:07:19 UTC\n" in message.text
    assert "Was down for: 4 min 12 s\n" in message.text


@pytest.mark.parametrize("resolution", ["paused", "deleted"])
def test_an_end_without_recovery_says_so(resolution: str) -> None:
    message = written(resolved(an_incident(), resolution=resolution))
    assert message.subject == f"{resolution.upper()}: Shop API — it was still down"
    assert f"The monitor was {resolution}" in message.text
    assert "A recovery was not seen" in message.text
    assert "UP" not in message.text


def test_a_certificate_that_ends_soon_says_when_and_which() -> None:
    message = written(expiring())
    assert message.subject == "EXPIRING: Shop API — the certificate expires in 6 days"
    assert message.text == (
        "Shop API: the certificate expires in 6 days\n"
        "\n"
        "This is no outage; it is told so that it can be renewed in time.\n"
        "\n"
        "Monitor:      Shop API\n"
        "Target:       GET https://shop.example.org/health\n"
        "Expires:      2026-02-07 02:00:00 UTC (in 6 days)\n"
        "Issuer:       CN=R3,O=Let's Encrypt,C=US\n"
        "Serial:       0a1b\n"
        "\n"
        "https://vedette.example.org/\n"
        "\n"
        "-- \n"
        "Vedette\n"
    )
    assert "#b54708" in message.html


def test_a_registration_that_ends_soon_says_when_and_where() -> None:
    message = written(domain_expiring())
    assert message.subject == "EXPIRING: Shop API — the registration expires within a day"
    assert "Domain:       example.org\nRegistrar:    Names Inc.\n" in message.text


def test_a_certificate_that_another_depends_on_is_called_so() -> None:
    message = written(expiring(of_chain=True, days_left=1))
    assert message.subject == "EXPIRING: Shop API — a certificate of its chain expires in 1 day"


def test_a_test_says_that_nothing_is_wrong() -> None:
    message = written(a_test(uuid4(), uuid4()))
    assert message.subject == "TEST: On call"
    assert "Nothing is wrong" in message.text


def test_html_says_the_same_and_is_escaped() -> None:
    monitor = a_monitor(name="<b>Shop & Co</b>")
    message = written(opened(an_incident(), monitor=monitor))
    assert "&lt;b&gt;Shop &amp; Co&lt;/b&gt; is down" in message.html
    assert "<b>" not in message.html
    assert "it answered with an unexpected status" in message.html
    assert message.html.lstrip().startswith("<!doctype html>")


def test_a_name_cannot_break_a_header() -> None:
    monitor = a_monitor(name="Shop\r\nBcc: all@example.org")
    assert written(opened(an_incident(), monitor=monitor)).subject.startswith(
        "DOWN: Shop Bcc: all@example.org — "
    )


def test_without_a_reason_there_are_still_words() -> None:
    assert "failed its checks" in written(opened(an_incident(cause=Cause()))).subject


def test_a_reminder_fits_a_text_message() -> None:
    message = texted(reminded(an_incident()))
    assert message == (
        "STILL DOWN: Shop API (GET https://shop.example.org/health)"
        " for 4 min 12 s: it answered with an unexpected status (ref 1f3a9c)"
    )


def test_a_text_message_says_it_all() -> None:
    assert texted(opened(an_incident())) == (
        "DOWN: Shop API (GET https://shop.example.org/health) since 31 Jan 14:03 UTC:"
        " it answered with an unexpected status (ref 1f3a9c)"
    )
    assert texted(resolved(an_incident())) == (
        "UP: Shop API (GET https://shop.example.org/health), was down for 4 min 12 s (ref 1f3a9c)"
    )


def test_a_text_message_says_what_ends_and_when() -> None:
    assert texted(expiring()) == (
        "EXPIRING: Shop API (GET https://shop.example.org/health): the certificate expires"
        " in 6 days, 7 Feb 02:00 UTC (ref 1f3a9c)"
    )
    assert texted(domain_expiring()) == (
        "EXPIRING: Shop API (domain example.org): the registration expires within a day,"
        " 1 Feb 02:00 UTC (ref 1f3a9c)"
    )


@pytest.mark.parametrize("reason", Reason)
def test_a_text_message_fits_and_every_phone_has_its_letters(reason: Reason) -> None:
    monitor = a_monitor(name="Größe [prod] `x` ~ {1}|" * 8, target="https://shop.example.org/" * 9)
    incident = an_incident(cause=Cause(reason=reason))
    for event in (
        opened(incident, monitor=monitor),
        resolved(incident, monitor=monitor),
        resolved(incident, monitor=monitor, resolution="deleted"),
        expiring(monitor=monitor, of_chain=True, days_left=21),
        domain_expiring(monitor=monitor, days_left=365),
        a_test(uuid4(), uuid4()),
    ):
        text = texted(event)
        assert len(text) <= 160
        assert set(text) <= GSM_AND_ASCII
        assert text.endswith("(ref 1f3a9c)")


def test_a_text_message_keeps_state_since_and_reason_when_it_cuts() -> None:
    monitor = a_monitor(name="n" * 200, target="t" * 2000)
    text = texted(opened(an_incident(), monitor=monitor))
    assert text.startswith("DOWN: nnnn")
    assert "since 31 Jan 14:03 UTC: it answered with an unexpected status" in text


def test_a_name_without_latin_letters_gives_way_to_the_target() -> None:
    text = texted(opened(an_incident(), monitor=a_monitor(name="店舗")))
    assert text.startswith("DOWN: GET https://shop.example.org/health since")


def test_an_unhealthy_region_is_our_trouble_and_says_what_to_do() -> None:
    message = written(unhealthy(an_outage()))
    assert message.subject == "UNHEALTHY: region eu — it has no prober"
    assert message.text.startswith("Region eu can't check its monitors\n")
    assert "This says nothing about the targets" in message.text
    assert "Start a prober there (VEDETTE_REGION=eu)" in message.text
    assert "Monitors:     12, of which 8 are checked from nowhere else\n" in message.text
    assert texted(unhealthy(an_outage())) == (
        "UNHEALTHY: region eu since 31 Jan 14:03 UTC: it has no prober (ref 1f3a9c)"
    )


def test_a_region_that_recovered_says_how_long_it_lasted() -> None:
    message = written(recovered(an_outage()))
    assert message.subject == "RECOVERED: region eu — was unhealthy for 4 min 12 s"
    assert texted(recovered(an_outage())) == (
        "RECOVERED: region eu, was unhealthy for 4 min 12 s (ref 1f3a9c)"
    )


def test_a_region_that_nobody_needs_does_not_claim_to_be_well() -> None:
    message = written(recovered(an_outage(), "unused"))
    assert message.subject == "UNUSED: region eu"
    assert "RECOVERED" not in message.text
    assert texted(recovered(an_outage(), "unused")) == (
        "UNUSED: region eu: no monitor is checked from there any more (ref 1f3a9c)"
    )
