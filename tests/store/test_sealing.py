"""Definitions with their secrets encrypted where they stand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.errors import Permanent
from vedette.core.kinds import parse_monitor
from vedette.store.sealing import covered, opened, sealed
from vedette.store.secretbox import SecretBox

BOX, ID = SecretBox("the key"), UUID(int=1)


def a_spec(**target: Any) -> Any:
    whole = {"url": "https://ann:hunter2@shop.example/?page=hunter2", **target}
    return parse_monitor({"name": "Shop", "kind": "http", "target": whole})


def test_nothing_secret_is_left_and_the_rest_can_be_queried() -> None:
    spec = a_spec(
        method="POST",
        headers={"X-Api-Key": "hunter2", "Accept": "text/html"},
        body="login=hunter2",
        auth={"scheme": "digest", "username": "ann", "password": "hunter2"},
    )
    stored = sealed(spec, ID, BOX)
    assert b"hunter2" not in orjson.dumps(stored)
    assert (stored["name"], stored["kind"], stored["interval_s"]) == ("Shop", "http", 60)
    assert stored["target"]["headers"]["Accept"] == "text/html"
    assert parse_monitor(opened(stored, ID, BOX)) == spec


def test_what_is_said_in_a_dialogue_is_sealed() -> None:
    target = {"host": "h", "port": 25, "steps": [{"expect": "^220"}, {"send": "AUTH hunter2"}]}
    spec = parse_monitor({"name": "Mail", "kind": "tcp", "target": target})
    stored = sealed(spec, ID, BOX)
    assert b"hunter2" not in orjson.dumps(stored)
    assert parse_monitor(opened(stored, ID, BOX)) == spec


@pytest.mark.parametrize(
    ("owner", "box"), [(UUID(int=2), BOX), (ID, SecretBox("another key"))], ids=["owner", "key"]
)
def test_it_opens_for_its_own_monitor_and_key_alone(owner: UUID, box: SecretBox) -> None:
    with pytest.raises(Permanent, match="VEDETTE_SECRET_KEY"):
        opened(sealed(a_spec(), ID, BOX), owner, box)


def test_what_can_not_be_opened_can_be_covered() -> None:
    hidden = covered(sealed(a_spec(headers={"Cookie": "a=hunter2"}), ID, BOX))
    assert hidden["target"]["url"] == hidden["target"]["headers"]["Cookie"] == "********"


def test_definitions_of_before_are_read_in_clear() -> None:
    spec = a_spec(headers={"X-Api-Key": "hunter2"})
    assert parse_monitor(opened(spec.model_dump(mode="json", by_alias=True), ID, BOX)) == spec


json_values = st.recursive(
    st.none() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.just("v1:AAAA"),
    lambda inner: st.lists(inner) | st.dictionaries(st.just("sealed") | st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_nothing_that_a_person_writes_is_taken_for_sealed(body: Any) -> None:
    spec = a_spec(json=body, headers={"sealed": "v1:AAAA"})
    assert parse_monitor(opened(sealed(spec, ID, BOX), ID, BOX)) == spec
