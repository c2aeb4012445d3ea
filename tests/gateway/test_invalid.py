"""What is wrong with a body, said field by field."""

from typing import Any

import pytest

from vedette.core.channel import REDACTED
from vedette.gateway import changes, channelspecs
from vedette.gateway.problems import FieldError, Problem


def wrong(definition: dict[str, Any], parse: Any = changes.parse) -> dict[str, FieldError]:
    """The wrong fields of a definition."""
    with pytest.raises(Problem) as raised:
        parse(definition)
    document = raised.value.document
    assert document.status == 422
    assert document.errors is not None
    return {error.field: error for error in document.errors}


def a_monitor(**fields: Any) -> dict[str, Any]:
    return {"name": "x", "kind": "http", "target": {"url": "http://x/"}, **fields}


@pytest.mark.parametrize("kind", ["pigeon", 5, None])
def test_a_kind_that_is_none(kind: Any) -> None:
    assert set(wrong(a_monitor(kind=kind))) == {"kind"}


def test_messages_are_for_people() -> None:
    found = wrong({"kind": "http", "target": 5, "surprise": 1, "regions": []})
    assert found["name"].message == "this field is needed"
    assert found["name"].rule == "missing"
    assert found["target"].message == "this is an object"
    assert found["surprise"].message.startswith("there is no such field; there is name, kind,")


def test_what_may_be_meant_is_not_looked_for_without_end() -> None:
    found = wrong(a_monitor(**{"x" * 500_000: 1}, **{f"intervals_{n}": 1 for n in range(5000)}))
    messages = [fault.message for fault in found.values()]
    assert messages[0].startswith("there is no such field; there is name,")
    assert messages[1] == "there is no such field; did you mean interval_s?"
    assert sum("did you mean" in message for message in messages) == 19
    assert messages[-1] == "there is no such field"


def test_what_fits_no_field_alone_is_said_of_the_whole() -> None:
    (only,) = wrong(a_monitor(timeout_s=1, degraded_after_ms=5000)).values()
    assert only.field == ""
    assert only.message.startswith("degraded_after_ms must be less")


def test_paths_into_assertions_have_no_tags() -> None:
    leaf = {"subject": "latency", "property": "foo", "operator": "less", "value": 3}
    found = wrong(
        a_monitor(
            assertions=[
                {"not": 3},
                5,
                {"all": []},
                {"any": [{"all": [{"not": leaf}]}]},
                {"subject": "body", "operator": "contains", "value": [{}]},
                {"all": [{"subject": "all"}]},
            ]
        )
    )
    assert set(found) == {
        "assertions[0].not",
        "assertions[1]",
        "assertions[2].all",
        "assertions[3].any[0].all[0].not",
        "assertions[4].value",
        "assertions[5].all[0].subject",
        "assertions[5].all[0].operator",
    }


def test_paths_into_channels_have_no_kind() -> None:
    def parse(definition: dict[str, Any]) -> object:
        return channelspecs.parse(definition)

    webhook = {"kind": "webhook", "config": {"url": "ftp://x", "secret": REDACTED}}
    assert set(wrong(webhook, parse)) == {"name", "config.url", "config.secret"}
    assert set(wrong({"kind": "sms", "name": "x", "config": {"to": [5]}}, parse)) == {
        "config.to[0]"
    }
    assert set(wrong({"name": "x"}, parse)) == {"kind"}
