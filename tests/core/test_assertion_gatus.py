"""Gatus conditions, and what holds for what was seen."""

from typing import Any

import pytest
from tests.core.asserting import leaf, node, refused
from tests.core.conditions import gatus

from vedette.core.assertions import Facts, evaluate
from vedette.core.assertions.gatus import translate

USER = '{"user": {"first": "ada", "last": "byron", "id": 7, "tags": ["x", "y"]}, "n": "0x1f"}'


@pytest.mark.parametrize(
    ("condition", "given", "expected"),
    [
        ("[STATUS] == 200", {"status": 200}, True),
        ("[status] != 200", {"status": 500}, True),
        ("[STATUS] < 300", {"status": 404}, False),
        ("[STATUS] <= 404", {"status": 404}, True),
        ("[STATUS] >= 405", {"status": 404}, False),
        ("[STATUS] == any(200, 429)", {"status": 429}, True),
        ("any(200, 429) == [STATUS]", {"status": 404}, False),
        ("300 > [STATUS]", {"status": 200}, True),
        ("[STATUS] == pat(4*)", {"status": 404}, True),
        ("len([STATUS]) == 3", {"status": 200}, True),
        ("has([STATUS]) == true", {"status": 200}, True),
        ("[IP] == pat(127.*)", {"ip": "10.0.0.1"}, False),
        ("[IP] != 10.0.0.1", {"ip": "10.0.0.1"}, False),
        ("[DNS_RCODE] == NOERROR", {"dns_rcode": "NOERROR"}, True),
        ("[CONNECTED] == true", {"connected": True}, True),
        ("[CONNECTED] == true", {"connected": False}, False),
        ("[RESPONSE_TIME] < 1s", {"response_time_ms": 50}, True),
        ("[RESPONSE_TIME] <= 500", {"response_time_ms": 750}, False),
        ("[RESPONSE_TIME] == 50", {"response_time_ms": 50.7}, True),
        ("[CERTIFICATE_EXPIRATION] > 48h", {"certificate_expires_in": "3d"}, True),
        ("[CERTIFICATE_EXPIRATION] > 1h30m", {"certificate_expires_in": "1h"}, False),
        ("[CERTIFICATE_EXPIRATION] == 2592000000", {"certificate_expires_in": "30d"}, True),
        ("[CERTIFICATE_EXPIRATION] == 0", {}, True),
        ("[DOMAIN_EXPIRATION] > 720h", {"domain_expires_in": "31d"}, True),
        ("[DOMAIN_EXPIRATION] > 720h", {"domain_expires_in": "29d"}, False),
        ("720h < [DOMAIN_EXPIRATION]", {"domain_expires_in": "31d"}, True),
        ("[DOMAIN_EXPIRATION] == 31536000000", {"domain_expires_in": "365d"}, True),
        ("[CERTIFICATE_EXPIRATION] != 0", {}, False),
        ("[CERTIFICATE_EXPIRATION] < 48h", {}, True),
        ("[CERTIFICATE_EXPIRATION] > 48h", {}, False),
        ("[BODY] == ok", {"body": "ok"}, True),
        ("[BODY] == 123", {"body": "123"}, True),
        ("[BODY] > 122", {"body": "123"}, True),
        ('[BODY] == pat(*<a href="/x">*)', {"body": '<p>\n<a href="/x"></p>'}, True),
        ("[BODY] == pat(*a*)", {"body": "xyz"}, False),
        ("[BODY] == ok", {"body": "\n ok\n"}, True),
        ("[BODY] != ok", {"body": "ok\n"}, False),
        ("[BODY] == a.c", {"body": "abc"}, False),
        ("[BODY] == any(ok, 1, fine)", {"body": "fine\n"}, True),
        ("[BODY] == any(ok, fine)", {"body": "nok"}, False),
        ("[BODY] == pat(*fine)", {"body": "all fine\n"}, True),
        ("len([BODY].ok) == 4", {"body": '{"ok": true}'}, True),
        ("[BODY].ms > 1s", {"body": '{"ms": 1500}'}, True),
        ("has() == false", {}, True),
        ("[BODY].user.first == ada", {"body": USER}, True),
        ("[BODY].user.id == 7", {"body": USER}, True),
        ("[BODY].user.id != 7", {"body": USER}, False),
        ("[BODY].user.first == any(bob, ada)", {"body": USER}, True),
        ("[BODY].user.first == any(bob, pat(a*))", {"body": USER}, True),
        ("[BODY].user.tags[1] == y", {"body": USER}, True),
        ("[BODY].user['first'] == ada", {"body": USER}, True),
        ("[BODY].n == 31", {"body": USER}, True),
        ("[BODY].n > 30", {"body": USER}, True),
        ("len([BODY].n) == 4", {"body": USER}, True),
        ("[BODY].user.first != [BODY].user.last", {"body": USER}, True),
        ("[BODY].user.first == [BODY].user.last", {"body": USER}, False),
        ("[BODY].user.first == [BODY].none", {"body": USER}, False),
        ("[BODY].user.first != [BODY].none", {"body": USER}, True),
        ("[BODY].user.id < [BODY].n", {"body": USER}, True),
        ("[BODY].user.id >= [BODY].n", {"body": USER}, False),
        ("[BODY].none <= [BODY].n", {"body": USER}, False),
        ("[STATUS] == [BODY].n", {"status": 31, "body": USER}, True),
        ("[STATUS] == [BODY].n", {"status": 32, "body": USER}, False),
        ("[STATUS] != [BODY].n", {"status": 32, "body": USER}, True),
        ("[STATUS] == [BODY]", {"status": 204, "body": "204"}, True),
        ("[BODY].status == [STATUS]", {"status": 200, "body": '{"status": "200"}'}, True),
        ("[STATUS] == [BODY].n", {"status": 31, "body": "<html>"}, False),
        ("[BODY].none != x", {"body": USER}, True),
        ("[BODY].none == x", {"body": USER}, False),
        ("[BODY].none < 5", {"body": USER}, False),
        ("[BODY].a != x", {"body": "<html>"}, False),
        ("has([BODY].errors) == false", {"body": "{}"}, True),
        ("has([BODY].errors) != false", {"body": "{}"}, False),
        ("has([BODY].errors) == false", {"body": "<html>"}, False),
        ("len([BODY].user.tags) >= 2", {"body": USER}, True),
        ("len([BODY].user.none) == ada", {"body": USER}, False),
        ("len([BODY]) == 3", {"body": "[1, 2, 3]"}, True),
        ("len([BODY]) == 9", {"body": "[1, 2, 3]"}, False),
        ("len([BODY]) == 20", {"body": '{"name": "anne.doe"}'}, True),
        ("len([BODY]) < 9", {"body": "anne.doe"}, True),
        ('[BODY][0] == {"id":1}', {"body": '[{"id": 1}]'}, True),
        ("[BODY].ok == true", {"body": '{"ok": true}'}, True),
        ("[BODY].ok == true", {"body": '{"ok": "true"}'}, True),
        ("[BODY].b == 123.40000000000005", {"body": '{"b": 123.40000000000005}'}, True),
        ("1 == 2", {}, False),
        ("raw == raw", {}, True),
        ("2 > 1", {}, True),
    ],
)
def test_conditions(condition: str, given: dict[str, Any], expected: bool) -> None:
    assert gatus(condition, given) is expected


def test_they_stand_in_the_list_of_assertions() -> None:
    assert node("[STATUS] == 200") == node("status == 200")
    assert node("200 == [STATUS]") == node("status == 200")
    assert node({"not": "has([BODY].errors) == true"}) == node(
        {"not": leaf("json", "exists", True, property="$.errors")}
    )


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("[DOMAIN_EXPIRATION].a > 720h", "[DOMAIN_EXPIRATION] has no parts"),
        ("[HEADER] == a", "[HEADER] names a header"),
        ("[CONTEXT].a == 1", "nothing that is seen answers to [CONTEXT]"),
        ("[CONNECTED] == false", "expect_failure"),
        ("len([BODY].a) == [BODY].b", "compared with a value alone"),
        ("[CONNECTED] == [BODY].b", "compared with a value alone"),
        ("[CERTIFICATE_EXPIRATION] > [STATUS]", "nothing to be compared in"),
        ("[STATUS] == ok", "compared with a number"),
        ("[STATUS].a == 1", "[STATUS] has no parts"),
        ("[STATUS]==200", "no operator"),
        ("[BODY].a[ == 1", "not a path into the body"),
        ("has([BODY].a) == 1", "has() is compared with true or false"),
        ("[BODY] == pat([a)", "has a [ without its ]"),
        ("1 == 2", "at position 1: expected a subject"),
    ],
)
def test_what_has_no_meaning_is_refused(condition: str, words: str) -> None:
    assert words in refused(condition)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("[HEADER].Content-Type == pat(text/*)", True),
        ("[header].content-type == text/html", False),
        ("has([HEADER].x-none) == false", True),
        ("len([HEADER].x-id) == 3", True),
        ("[HEADER].x-id > 100", True),
        ("[HEADER].x-none == a", False),
    ],
)
def test_headers(condition: str, expected: bool) -> None:
    seen = Facts({"header": {"content-type": "text/plain", "x-id": "123"}})
    assert (evaluate(node(translate(condition)), seen) is None) is expected


def test_choices_of_a_body_are_one_leaf() -> None:
    assert translate("[BODY] == any(ok, fine)")["operator"] == "matches"


def test_constants_are_taken_only_where_they_can_be_no_mistake() -> None:
    assert translate("1 == 1") == leaf("latency", "exists", True)
