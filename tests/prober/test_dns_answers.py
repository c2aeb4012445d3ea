"""What is expected of answers, from servers over real sockets."""

from typing import Any

import dns.flags
import pytest
from tests.prober.dns_servers import answering, ask, says

from vedette.core.outcome import Reason
from vedette.prober.context import Context

TWO = ("a.example. 60 IN A 192.0.2.1", "a.example. 30 IN A 192.0.2.2")
NAMES = ("a.example. 60 IN NS ns1.a.example.", "a.example. 60 IN NS ns2.a.example.")
SOA = "a.example. 60 IN SOA ns1.a.example. host.a.example. 2024 7200 3600 1209600 3600"


async def reason(context: Context, *answer: str, said: dict[str, Any], **target: Any) -> Any:
    async with answering(says(*answer, **said)) as server:
        seen = await ask(context, server, **target)
    return seen.trouble and seen.trouble.reason


async def test_a_good_answer(context: Context) -> None:
    flags = dns.flags.RA | dns.flags.AD
    glue = "ns1.a.example. 60 IN AAAA 2001:db8::1"
    async with answering(says(*TWO, authority=NAMES, additional=[glue], flags=flags)) as server:
        seen = await ask(context, server)
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "first_byte"]
    assert seen.facts == {
        "ip": "127.0.0.1",
        "rcode": "NOERROR",
        "answers": 2,
        "authority": 2,
        "additional": 1,
        "ttl": 30,
    }
    assert seen.subjects == {
        "ip": "127.0.0.1",
        "rcode": "NOERROR",
        "answer": ["192.0.2.1", "192.0.2.2"],
        "body": "192.0.2.1\n192.0.2.2",
        "authority": ["ns1.a.example.", "ns2.a.example."],
        "additional": ["2001:db8::1"],
        "serial": None,
        "ad": True,
        "ra": True,
    }
    assert seen.answer is not None
    assert seen.answer.text().splitlines()[0] == "a.example. 60 IN A 192.0.2.1"


@pytest.mark.parametrize(
    ("rcode", "accepted", "why"),
    [
        ("NXDOMAIN", [], Reason.DNS_NXDOMAIN),
        ("SERVFAIL", [], Reason.DNS_SERVFAIL),
        ("REFUSED", [], Reason.RCODE),
        ("FORMERR", [], Reason.RCODE),
        ("BADVERS", [], Reason.RCODE),
        ("NXDOMAIN", ["NOERROR"], Reason.RCODE),
        ("SERVFAIL", ["NXDOMAIN"], Reason.RCODE),
        ("NXDOMAIN", ["NOERROR", "NXDOMAIN"], None),
        ("SERVFAIL", ["SERVFAIL"], None),
        ("BADVERS", ["BADVERS"], None),
    ],
)
async def test_codes(context: Context, rcode: str, accepted: list[str], why: Reason | None) -> None:
    async with answering(says(rcode=rcode)) as server:
        seen = await ask(context, server, rcodes=accepted)
    assert (seen.trouble and seen.trouble.reason) == why
    assert seen.facts["rcode"] == seen.subjects["rcode"] == rcode


async def test_a_code_without_a_name_is_shown_as_number(context: Context) -> None:
    async with answering(says(flags=12)) as server:
        seen = await ask(context, server)
    assert seen.trouble is not None
    assert seen.facts["rcode"] == "12"


async def test_noerror_may_have_to_be_unexpected(context: Context) -> None:
    assert await reason(context, *TWO, said={}, rcodes=["NXDOMAIN"]) is Reason.RCODE


@pytest.mark.parametrize(
    ("answer", "least", "why"),
    [
        ((), 1, Reason.ANSWER),
        ((), 0, None),
        (TWO, 2, None),
        (TWO, 3, Reason.ANSWER),
        (("a.example. 60 IN CNAME b.example.",), 1, Reason.ANSWER),
        (("a.example. 60 IN CNAME b.example.", "b.example. 60 IN A 192.0.2.1"), 1, None),
    ],
)
async def test_the_least_number_of_records(
    context: Context, answer: tuple[str, ...], least: int, why: Reason | None
) -> None:
    assert await reason(context, *answer, said={}, min_answers=least) is why


async def test_a_dangling_alias_is_named(context: Context) -> None:
    async with answering(says("a.example. 60 IN CNAME b.example.")) as server:
        seen = await ask(context, server)
    assert seen.trouble is not None
    assert "no A record" in seen.trouble.message
    assert "CNAME b.example." in seen.trouble.message


RECORDS = [
    ("A", TWO, {"equals": ["192.0.2.2", "192.0.2.1"]}, True),
    ("A", TWO, {"equals": ["192.0.2.1"]}, False),
    ("A", TWO, {"equals": ["192.0.2.1", "192.0.2.2", "192.0.2.3"]}, False),
    ("A", TWO, {"equals": []}, False),
    ("A", TWO, {"contains": ["192.0.2.2"]}, True),
    ("A", TWO, {"contains": ["192.0.2.2", "192.0.2.3"]}, False),
    ("A", TWO, {"contains": ["192.0.2"]}, False),
    ("A", TWO, {"regex": r"\.1$"}, True),
    ("A", TWO, {"regex": r"\.1$", "match": "every"}, False),
    ("A", TWO, {"regex": r"^192\.0", "match": "every"}, True),
    ("A", TWO, {"regex": r"^2\."}, False),
    ("AAAA", ["a.example. 1 IN AAAA 2001:db8::1"], {"equals": ["2001:0DB8:0::1"]}, True),
    ("NS", NAMES, {"contains": ["NS1.a.example"]}, True),
    ("NS", NAMES, {"contains": ["ns1.a.example."]}, True),
    ("NS", NAMES, {"regex": r"^ns\d\.a\.example$", "match": "every"}, True),
    ("NS", NAMES, {"regex": r"^ns\d\.a\.example\.$", "match": "every"}, True),
    ("MX", ["a.example. 1 IN MX 10 mx.b.example."], {"equals": ["mx.b.example"]}, True),
    ("MX", ["a.example. 1 IN MX 10 mx.b.example."], {"equals": ["10 mx.b.example."]}, True),
    ("MX", ["a.example. 1 IN MX 10 mx.b.example."], {"equals": ["20 mx.b.example."]}, False),
    ("MX", ["a.example. 1 IN MX 0 ."], {"equals": ["."]}, True),
    ("MX", ["a.example. 1 IN MX 0 ."], {"equals": ["0 ."]}, True),
    ("SRV", ["a.example. 1 IN SRV 1 2 443 s.b.example."], {"equals": ["s.b.example"]}, True),
    ("SOA", [SOA], {"equals": ["ns1.a.example"]}, True),
    ("CAA", ['a.example. 1 IN CAA 0 issue "ca.example"'], {"equals": ["ca.example"]}, True),
    ("CAA", ['a.example. 1 IN CAA 0 issue "ca.example"'], {"regex": "^0 issue "}, True),
    ("CAA", ['a.example. 1 IN CAA 0 issue "ca.example"'], {"regex": "^ca\\."}, True),
    ("TXT", ['a.example. 1 IN TXT "v=spf1 " "-all"'], {"equals": ["v=spf1 -all"]}, True),
    ("TXT", ['a.example. 1 IN TXT "v=spf1 " "-all"'], {"equals": ["V=spf1 -all"]}, False),
    ("TXT", ['a.example. 1 IN TXT "ends with a dot."'], {"equals": ["ends with a dot"]}, False),
    ("PTR", ["a.example. 1 IN PTR host.example."], {"equals": ["host.example"]}, True),
    ("CNAME", ["a.example. 1 IN CNAME b.example."], {"equals": ["b.example"]}, True),
    ("ANY", [*TWO, SOA], {"contains": ["ns1.a.example", "192.0.2.1"]}, True),
]


@pytest.mark.parametrize(("type_", "answer", "expected", "holds"), RECORDS)
async def test_records(
    context: Context, type_: str, answer: list[str], expected: dict[str, Any], holds: bool
) -> None:
    async with answering(says(*answer)) as server:
        seen = await ask(context, server, type=type_, answers=expected)
    assert (seen.trouble is None) is holds
    if seen.trouble is not None:
        assert seen.trouble.reason is Reason.ANSWER


async def test_the_records_are_named(context: Context) -> None:
    async with answering(says(*TWO)) as server:
        seen = await ask(context, server, answers={"contains": ["192.0.2.3"]})
    assert seen.trouble is not None
    assert "expected 192.0.2.3, the answer has 192.0.2.1, 192.0.2.2" in seen.trouble.message


SECTIONS = [
    ("answer", {"fail_if_matches": [".*7200.*"]}, True),
    ("answer", {"fail_if_matches": ["nothing", r"192\.0\.2\.2$"]}, False),
    ("answer", {"fail_if_not_matches": [".*60.*|.*30.*"]}, True),
    ("answer", {"fail_if_not_matches": [".*60.*"]}, False),
    ("authority", {"fail_if_not_matches": [r"^a\.example\. 60 IN NS ns"]}, True),
    ("authority", {"fail_if_all_match": ["ns1"]}, True),
    ("authority", {"fail_if_all_match": ["ns."]}, False),
    ("authority", {"fail_if_none_matches": ["ns3", "ns2"]}, True),
    ("authority", {"fail_if_none_matches": ["ns3", "ns4"]}, False),
    ("additional", {"fail_if_matches": ["."]}, True),
    ("additional", {"fail_if_all_match": ["."]}, True),
    ("additional", {"fail_if_not_matches": ["."]}, False),
    ("additional", {"fail_if_none_matches": ["."]}, False),
]


@pytest.mark.parametrize(("section", "rules", "holds"), SECTIONS)
async def test_sections(
    context: Context, section: str, rules: dict[str, list[str]], holds: bool
) -> None:
    async with answering(says(*TWO, authority=NAMES)) as server:
        seen = await ask(context, server, timeout_s=5, **{f"validate_{section}": rules})
    assert (seen.trouble is None) is holds
    if seen.trouble is not None:
        assert seen.trouble.reason is Reason.ANSWER
        assert f"in the {section} section" in seen.trouble.message


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"equals": 2024}, True),
        ({"equals": 2023}, False),
        ({"at_least": 2024}, True),
        ({"at_least": 2025}, False),
        ({"at_least": 2**32 - 1}, True),
        ({"at_least": 2**31 + 2025}, True),
    ],
)
async def test_serials(context: Context, expected: dict[str, int], holds: bool) -> None:
    async with answering(says(SOA)) as server:
        seen = await ask(context, server, type="SOA", serial=expected)
    assert (seen.trouble is None) is holds
    assert seen.facts["serial"] == seen.subjects["serial"] == 2024


async def test_a_serial_needs_its_record(context: Context) -> None:
    target = {"type": "SOA", "min_answers": 0, "serial": {"at_least": 1}}
    assert await reason(context, said={}, **target) is Reason.ANSWER


@pytest.mark.parametrize(
    ("set_", "expected", "holds"),
    [
        (dns.flags.AA, {"aa": True}, True),
        (dns.flags.AA, {"aa": False}, False),
        (dns.flags.RA, {"ra": True, "aa": False}, True),
        (0, {"ra": True}, False),
        (dns.flags.AD, {"ad": True}, True),
        (0, {"ad": True}, False),
    ],
)
async def test_flags(context: Context, set_: int, expected: dict[str, bool], holds: bool) -> None:
    why = await reason(context, *TWO, said={"flags": set_}, flags=expected)
    assert why is (None if holds else Reason.ANSWER)


async def test_what_is_expected_of_an_error(context: Context) -> None:
    target = {"rcodes": ["NXDOMAIN"], "validate_authority": {"fail_if_none_matches": ["SOA"]}}
    assert await reason(context, said={"rcode": "NXDOMAIN"}, **target) is Reason.ANSWER
    said = {"rcode": "NXDOMAIN", "authority": [SOA]}
    assert await reason(context, said=said, **target) is None
