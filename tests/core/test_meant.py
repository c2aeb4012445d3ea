"""Fields that there aren't, and those that may have been meant."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from vedette.core.channel import ChannelSpec
from vedette.core.kinds import kinds
from vedette.core.maintenance import AnyMaintenance
from vedette.core.meant import meant

LEAF = {"subject": "body", "operator": "contains", "value": "x"}
URL = {"url": "http://x/"}
HTTP = {"name": "x", "kind": "http", "target": URL}


def said(of: Any, written: dict[str, Any]) -> str:
    """What is said of the one field that isn't there."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(of).validate_python(written)
    (location,) = [d["loc"] for d in raised.value.errors() if d["type"] == "extra_forbidden"]
    return meant(of, location).removeprefix("there is no such field; ")


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"interval": 5}, "interval_s"),
        ({"tag": ["shop"]}, "tags"),
        ({"target": URL | {"header": {}}}, "headers"),
        ({"target": URL | {"tls": {"verfy": False}}}, "verify"),
        (
            {"target": URL | {"auth": {"scheme": "basic", "user": "x", "password": "y"}}},
            "username",
        ),
        ({"assertions": [{**LEAF, "valu": 1}]}, "value"),
        ({"assertions": [{"all": [{"not": {**LEAF, "propety": 1}}]}]}, "property"),
        ({"assertions": [{**LEAF, "value_of": {"subject": "body", "prop": "x"}}]}, "property"),
        ({"method": "GET"}, "target.method"),
        ({"target": URL | {"timeout_s": 5}}, "timeout_s at the top"),
    ],
)
def test_a_field_that_is_like_one_there_is_or_elsewhere(
    written: dict[str, Any], field: str
) -> None:
    assert said(kinds()["http"], HTTP | written) == f"did you mean {field}?"


def test_all_fields_are_named_where_none_is_like_it() -> None:
    tls = said(kinds()["http"], HTTP | {"target": URL | {"tls": {"pigeon": 1}}})
    assert tls.startswith("there is verify, ")
    any_of = said(kinds()["http"], HTTP | {"assertions": [{"any": [LEAF], "pigeon": 1}]})
    assert any_of == "there is any"


def test_of_a_union_the_fields_of_what_was_chosen_count() -> None:
    hook = {"kind": "webhook", "name": "x", "config": URL | {"secrets": "x"}}
    assert said(ChannelSpec, hook) == "did you mean secret?"
    mail = {"kind": "email", "name": "x", "config": {"to": ["a@b.example"], "url": "x"}}
    assert "url" not in said(ChannelSpec, mail)
    weekly = {"kind": "weekly", "name": "x", "everything": True, "weekday": ["mon"]}
    assert said(AnyMaintenance, weekly) == "did you mean weekdays?"


def test_of_no_type_nothing_is_suggested() -> None:
    assert meant(None, ("target", 0, "interval")) == "there is no such field"
