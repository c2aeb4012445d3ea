"""Records and the definitions they stand for; no kit is needed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conformance.mapping import definition_of
from tests.conformance.mapping.condition import evaluation_of, seconds
from tests.conformance.mapping.patterns import jsonpath_of, regex_of, without_globs
from tests.conformance.mapping.reading import NotExpressible
from tests.conformance.mapping.trees import sentry_tree

from vedette.core.kinds import parse_monitor

URL = "http://shop.example/"


def target_of(kind: str, source: str = "kuma", **probe: Any) -> dict[str, Any]:
    definition = definition_of(kind, probe, source)
    parse_monitor(definition)
    target: dict[str, Any] = definition["target"]
    return target


def assertions_of(source: str = "kuma", **probe: Any) -> list[Any]:
    definition = definition_of("http", {"url": URL, **probe}, source)
    parse_monitor(definition)
    found: list[Any] = definition["assertions"]
    return found


def test_a_key_that_nobody_reads_is_not_expressible() -> None:
    with pytest.raises(NotExpressible, match="not expressible: respect_elders"):
        definition_of("http", {"url": URL, "respect_elders": True}, "sentry")


def test_a_kind_that_nobody_maps_is_not_expressible() -> None:
    with pytest.raises(NotExpressible, match="kind gopher"):
        definition_of("gopher", {}, "kuma")


def test_the_scheme_makes_a_websocket() -> None:
    steps = [{"expect": "ping_(.+)", "send": "pong_$1"}]
    target = target_of("http", "bbe", url="ws://shop.example/", query_response=steps)
    assert target["steps"] == [{"expect": "ping_(.+)", "send": "pong_${1}"}]
    said = target_of("http", "gatus", url="wss://shop.example/", body="PING")
    assert said["steps"] == [{"send": "PING"}, {"expect": ".*"}]


def test_blanks_among_subprotocols_do_not_matter() -> None:
    target = target_of("http", url="ws://shop.example/", subprotocols="a  ,   b  ")
    assert target["subprotocols"] == ["a", "b"]


def test_close_codes_may_be_ranges_and_an_empty_one_is_none() -> None:
    url = "ws://shop.example/"
    assert target_of("http", url=url, valid_close_codes=["1000-1002", "4000"])["close_codes"] == [
        1000, 1001, 1002, 4000,
    ]  # fmt: skip
    assert target_of("http", url=url, valid_close_codes=[""])["close_codes"] == [1004]


@pytest.mark.parametrize(
    ("url", "kind"),
    [("tcp://shop.example:80", "tcp"), ("icmp://shop.example", "icmp"), ("dns://127.0.0.1", "dns"),
     ("starttls://shop.example:25", "tls"), ("grpcs://shop.example:443", "grpc"),
     ("wss://shop.example/", "websocket"), ("HTTPS://shop.example/", "http")],
)  # fmt: skip
def test_the_scheme_makes_the_kind(url: str, kind: str) -> None:
    probe = {"url": url, **({"query_name": "a.test"} if kind == "dns" else {})}
    assert definition_of("http", probe, "gatus")["kind"] == kind


def test_a_scheme_that_is_not_offered_is_not_expressible() -> None:
    with pytest.raises(NotExpressible, match="udp"):
        definition_of("tcp", {"url": "udp://shop.example:53"}, "gatus")


def test_bbe_decodes_only_what_it_asks_for() -> None:
    assert target_of("http", "bbe", url=URL)["compression"] == "off"
    assert target_of("http", "bbe", url=URL, compression="br")["compression"] == "br"
    assert "compression" not in target_of("http", url=URL)


def test_a_blank_body_is_none_to_those_who_encode_it() -> None:
    assert not {"json", "body"} & target_of("http", url=URL, body=" ", body_encoding="json").keys()
    assert target_of("http", "bbe", url=URL, body=" ")["body"] == " "


def test_headers_may_be_written_as_json() -> None:
    assert target_of("http", url=URL, headers='{"X-A": "b"}')["headers"] == {"X-A": "b"}


def test_a_query_needs_no_dollar() -> None:
    (tree,) = assertions_of(json_query={"path": "items[0].name", "op": "contains", "value": "a"})
    assert tree["property"] == "$.items[0].name"


def test_several_conditions_on_records_are_assertions() -> None:
    conditions = [
        {"op": "starts_with", "value": "mx"},
        {"op": "not_ends_with", "value": ".org"},
        {"op": "equals", "value": "mx.a.test"},
    ]
    probe = {"target": "127.0.0.1:53", "query_name": "a.test", "record_conditions": conditions}
    definition = definition_of("dns", probe, "kuma")
    assert parse_monitor(definition)
    assert definition["target"]["answers"] == {"contains": ["mx.a.test"]}
    assert [list(tree) for tree in definition["assertions"]] == [["any"], ["not"]]
    probe["record_conditions"] = [*conditions, {"op": "contains", "value": "b", "join": "or"}]
    (tree,) = definition_of("dns", probe, "kuma")["assertions"]
    assert list(tree) == ["any"]


def test_grpc_speaks_tls_if_it_is_enabled() -> None:
    target = target_of("grpc", "gatus", target="shop.example:443", tls={"enabled": True})
    assert target == {"host": "shop.example", "port": 443, "tls": {}}
    assert "tls" not in target_of("grpc", "gatus", target="shop.example:50051")


def test_codes_and_ranges_are_alternatives() -> None:
    assert assertions_of(valid_status_codes=[404, "200-299"]) == [
        {
            "any": [
                {"subject": "status", "operator": "equals", "value": 404},
                {"subject": "status", "operator": "between", "value": [200, 299]},
            ]
        }
    ]


def test_with_conditions_no_other_rule_is_about_the_status() -> None:
    tree, rule = assertions_of("gatus", conditions=["[BODY] == ok"])
    assert tree["subject"] == "body"
    assert (rule["subject"], rule["operator"]) == ("status", "between")
    assert len(assertions_of("gatus", conditions=["[STATUS] == 200"])) == 1


def test_what_must_not_connect_is_expected_to_fail() -> None:
    definition = definition_of(
        "http", {"url": URL, "conditions": ["[CONNECTED] == false"]}, "gatus"
    )
    assert definition["expect_failure"] is True
    assert parse_monitor(definition)


def test_a_missing_header_is_allowed_only_if_it_is_said() -> None:
    rule = {"header": "X-Up", "regex": "no"}
    assert "not" in assertions_of(header_fail_if_matches=[rule])[0]
    assert "any" in assertions_of(header_fail_if_matches=[{**rule, "allow_missing": True}])[0]


@pytest.mark.parametrize(
    ("source", "probe", "protocol"),
    [
        ("bbe", {}, "prefer_ip6"),
        ("bbe", {"ip_protocol": "ip4"}, "prefer_ip4"),
        ("bbe", {"ip_protocol": "ip4", "ip_fallback": False}, "ip4"),
        ("kuma", {"ip_protocol": "ip6"}, "ip6"),
        ("kuma", {"ip_protocol": "any"}, None),
        ("kuma", {}, None),
    ],
)
def test_a_source_has_its_own_order_of_addresses(
    source: str, probe: dict[str, Any], protocol: str | None
) -> None:
    target = target_of("tcp", source, target="mail.example:25", **probe)
    assert target.get("ip_protocol") == protocol


def test_a_proxys_name_and_password_stand_apart() -> None:
    target = target_of("http", "bbe", url=URL, proxy="http://ann:pass@proxy.example:3128")
    assert target["proxy"] == {
        "url": "http://proxy.example:3128",
        "username": "ann",
        "password": "pass",
        "resolve_locally": True,
    }


def test_sentry_reads_a_body_that_is_asserted_on() -> None:
    assert target_of("http", "sentry", url=URL)["read_body"] is False
    assertion = {"json": "$.up", "op": "always"}
    assert "read_body" not in target_of("http", "sentry", url=URL, assertion=assertion)
    assert "read_body" not in target_of("http", "bbe", url=URL)


def test_a_body_that_is_no_json_can_not_be_written_as_json() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        definition_of("http", {"url": URL, "body": "{oops", "body_encoding": "json"}, "kuma")


def test_lines_end_only_in_a_dialogue() -> None:
    steps = [{"expect": "^(.+)$", "send": "got $1"}]
    dialogue = target_of("tcp", "bbe", target="mail.example:25", query_response=steps)
    assert dialogue["line_ending"] == "\n"
    assert dialogue["steps"] == [{"expect": "^(.+)$", "send": "got ${1}"}]
    said = target_of("tcp", "gatus", target="mail.example:25", body="PING")
    assert "line_ending" not in said
    assert said["steps"] == [{"send": "PING"}, {"read": "some"}]


def test_a_handshake_alone_is_of_kind_tls() -> None:
    secure = {"target": "mail.example:465", "tls": {"enabled": True}}
    assert definition_of("tls", secure, "bbe")["kind"] == "tls"
    spoken = {**secure, "query_response": [{"expect": "^220"}]}
    assert definition_of("tls", spoken, "bbe")["kind"] == "tcp"


def test_without_a_type_bbe_asks_for_any_and_needs_no_records() -> None:
    target = target_of("dns", "bbe", target="127.0.0.1:53", query_name="shop.example")
    assert (target["type"], target["min_answers"]) == ("ANY", 0)
    assert "type" not in target_of("dns", target="127.0.0.1:53", query_name="shop.example")


def test_blanks_and_empty_entries_among_resolvers_stay() -> None:
    target = target_of("dns", query_name="a.test", resolvers=" 127.0.0.1 , ", port=53)
    assert target["server"] == " 127.0.0.1:53 , "


def test_to_gatus_a_record_is_the_body() -> None:
    conditions = ["[BODY] == mx.example.", "[BODY] == pat(mx*)", "[DNS_RCODE] == NOERROR"]
    probe = {"target": "127.0.0.1:53", "query_name": "a.test", "conditions": conditions}
    definition = definition_of("dns", probe, "gatus")
    assert definition["target"]["answers"] == {"contains": ["mx.example."], "regex": "(?s)^mx.*$"}
    assert [leaf["subject"] for leaf in definition["assertions"]] == ["rcode"]


def test_brackets_around_an_address_may_be_pinged() -> None:
    assert target_of("icmp", target="[::1]") == {"host": "[::1]", "count": 1}


@pytest.mark.parametrize(
    ("path", "jsonpath"),
    [
        ("", "$"),
        ("foo.bar", "$.foo.bar"),
        ("[2]", "$[2]"),
        ("a-b[0].c", "$['a-b'][0].c"),
        ('$.items[name="b"].v', '$.items[?@.name=="b"].v'),
        ("foo[", "$foo["),
    ],
)
def test_loose_paths_are_jsonpaths(path: str, jsonpath: str) -> None:
    assert jsonpath_of(path) == jsonpath


def test_wildcards_are_patterns() -> None:
    assert regex_of("a*[!0-9]?") == "(?s)^a.*[^0-9].$"
    assert without_globs('$[?glob(@.p, "a*")]') == '$[?match(@.p, "a.*")]'
    with pytest.raises(ValueError, match="bracket"):
        regex_of("a]")


def test_a_text_that_looks_like_a_number_may_be_one() -> None:
    tree = sentry_tree({"json": "$.n", "op": "eq", "value": "1.5"})
    assert [leaf["value"] for leaf in tree["any"]] == ["1.5", 1.5]


def test_null_is_equal_to_nothing() -> None:
    assert sentry_tree({"json": "$.n", "op": "eq", "value": "null"})["operator"] == "equals"


def test_to_sentry_what_cannot_be_compared_is_false_either_way() -> None:
    tree = sentry_tree({"not": {"json": "$.n", "op": "eq", "value": "1"}})
    opposite, guard = tree["all"]
    assert list(opposite) == ["not"]
    assert guard["any"][1]["value"] == {"type": ["number", "string"]}
    assert "all" not in sentry_tree({"not": {"json": "$.n", "op": "always"}})


def test_assertions_may_be_fed() -> None:
    given = {"status": 200, "headers": {"X-A": "b"}}
    evaluation = evaluation_of({"assertion": {"status": 200}, "given": given}, "sentry")
    assert evaluation.tree == {"subject": "status", "operator": "equals", "value": 200}
    assert evaluation.subjects["header"] == {"x-a": "b"}


def test_tabs_between_the_parts_of_a_record_are_blanks() -> None:
    probe = {"target": "127.0.0.1:53", "query_name": "a.test",
             "validate_answer": {"fail_if_matches": ["a.test.\\t60\tIN"]}}  # fmt: skip
    target = definition_of("dns", probe, "bbe")["target"]
    assert target["validate_answer"] == {"fail_if_matches": ["a.test. 60 IN"]}


def test_to_sentry_what_is_not_there_is_false() -> None:
    leaf = {"header": "x-a", "op": "eq", "value": "b"}
    exists, compared = sentry_tree({"not": leaf})["not"]["all"]
    assert exists == {"subject": "header", "property": "x-a", "operator": "exists", "value": True}
    assert compared == sentry_tree(leaf)


def test_conditions_are_joined_from_left_to_right() -> None:
    leaf = {"variable": "record", "op": "contains", "value": "a"}
    tree = [leaf, {"group": [leaf], "join": "or"}]
    evaluation = evaluation_of({"conditions_tree": tree, "values": {"record": "b"}}, "kuma")
    assert list(evaluation.tree) == ["any"]
    assert evaluation.subjects == {"json": {"record": "b"}}


def test_spans_of_time_are_sums() -> None:
    assert (seconds("1h30m"), seconds("-2d"), seconds(3)) == (5400, -172_800, 3)
