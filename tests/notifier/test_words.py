"""Small words."""

import pytest

from vedette.notifier.words import duration, masked, one_line, without_quotes


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "less than 1 s"),
        (12, "12 s"),
        (252, "4 min 12 s"),
        (240, "4 min"),
        (3605, "1 h"),
        (3780, "1 h 3 min"),
        (2 * 86_400 + 4 * 3600, "2 d 4 h"),
        (-5, "less than 1 s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("ann@example.org", "a***@example.org"),
        ("+4915112345678", "+49*****678"),
        ("https://user:key@hooks.example.org/T0/secret?k=1", "https://hooks.example.org/***"),
    ],
)
def test_recipients_are_masked(recipient: str, shown: str) -> None:
    assert masked(recipient) == shown


def test_foreign_text_becomes_one_short_line() -> None:
    assert one_line(" a\n\tb\x00 ", limit=9) == "a b"
    assert one_line("abcdef", limit=4) == "abc…"


HOOK = "https://user:key-phrase@hooks.example.org/T0/s%C3%A9cret-path?token=abcdefgh&v=1"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"no {HOOK}", "no https://hooks.example.org/***"),
        ("Cannot POST /T0/s%C3%A9cret-path?token=abcdefgh&v=1", "Cannot POST ***"),
        ("Cannot POST /T0/s%C3%A9cret-path", "Cannot POST ***"),
        ("Cannot POST /T0/sécret-path", "Cannot POST ***"),
        ("unknown token: abcdefgh, user key-phrase", "unknown token: ***, user ***"),
        ("T0 v=1 is no answer", "T0 v=1 is no answer"),
    ],
)
def test_what_a_receiver_quotes_of_its_url_is_masked(said: str, shown: str) -> None:
    assert without_quotes(said, HOOK) == shown


def test_a_url_without_a_path_hides_nothing_else() -> None:
    assert without_quotes("a / b", "https://hooks.example.org/") == "a / b"
