"""Headers that are sent more than once: assertions look at each value."""

import pytest
from tests.prober.support import answer, look, serving

from vedette.core.kinds.http import HttpMonitor
from vedette.core.outcome import Outcome
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, judge

SAID = answer(
    200,
    "Set-Cookie: sid=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure",
    "set-cookie: theme=dark; Secure",
    "SET-COOKIE: old=",
    "Via: one, two",
    "Via: three",
)


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        ({"operator": "starts_with", "value": "theme="}, True),
        ({"operator": "matches", "value": "^theme=dark; Secure$"}, True),
        ({"operator": "equals", "value": "old="}, True),
        ({"operator": "contains", "value": "Secure"}, True),
        ({"operator": "contains", "value": "Secure", "match": "any"}, True),
        ({"operator": "contains", "value": "Secure", "match": "every"}, False),
        ({"operator": "contains", "value": "=", "match": "every"}, True),
        ({"operator": "contains", "value": "HttpOnly"}, False),
        ({"operator": "equals", "value": "three", "property": "via"}, True),
        ({"operator": "equals", "value": "one, two", "property": "via"}, True),
        ({"operator": "equals", "value": "one, two, three", "property": "via"}, False),
        ({"operator": "starts_with", "value": "theme", "property": "set-*"}, True),
        ({"operator": "exists", "value": True}, True),
    ],
)
async def test_each_value(context: Context, assertion: dict[str, object], holds: bool) -> None:
    async with serving(SAID) as server:
        seen = await look(context, server.url)
        leaf = {"subject": "header", "property": "Set-Cookie", **assertion}
        monitor = HttpMonitor.model_validate(
            {"name": "a", "target": {"url": server.url}, "assertions": [leaf]}
        )
    verdict = judge(seen, Expectation.of(monitor.assertions))
    assert verdict.outcome is (Outcome.UP if holds else Outcome.DOWN), verdict
