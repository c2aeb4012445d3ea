"""Assertions on what the kinds tcp and tls see, from the definition to the verdict."""

from typing import Any

import pytest
from tests.prober.talking import Maker, presenting, talking

from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.prober.domain import Verdict, judge
from vedette.prober.plans import plan_of

LEAF = Maker().make("here")


async def verdict(context: Context, kind: str, target: dict[str, Any], *leaves: Any) -> Verdict:
    plan = plan_of(
        {
            "kind": kind,
            "target": {"host": "localhost", **target},
            "timeout_s": 5,
            "assertions": list(leaves),
        }
    )
    return judge(await plan.probe.probe(context, plan.timeout_s), plan.expectation)


def of_certificate(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"subject": "certificate", "property": name, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("leaf", "outcome"),
    [
        (of_certificate("days_left", "greater", 14), Outcome.UP),
        (of_certificate("days_left", "greater", 40), Outcome.DOWN),
        (of_certificate("chain_days_left", "less", 31), Outcome.UP),
        (of_certificate("chain_valid", "equals", True), Outcome.UP),
        (of_certificate("self_signed", "equals", False), Outcome.DOWN),
        (of_certificate("key", "equals", "ec-p256"), Outcome.UP),
        (of_certificate("issuer", "contains", "CN=here"), Outcome.UP),
        (of_certificate("names", "equals", "localhost"), Outcome.UP),
        (of_certificate("version", "in", ["TLSv1.2"]), Outcome.DOWN),
        ({"subject": "ip", "operator": "equals", "value": "127.0.0.1"}, Outcome.UP),
    ],
)
async def test_certificates(context: Context, leaf: dict[str, Any], outcome: Outcome) -> None:
    async with talking(b"", tls=presenting(LEAF)) as port:
        found = await verdict(context, "tls", {"port": port, "tls": {"ca": LEAF.pem}}, leaf)
    assert found.outcome is outcome, found
    assert found.reason is (Reason.CERTIFICATE if outcome is Outcome.DOWN else None)


@pytest.mark.parametrize(("value", "outcome"), [("PONG", Outcome.UP), ("PING", Outcome.DOWN)])
async def test_what_was_said(context: Context, value: str, outcome: Outcome) -> None:
    said = {"subject": "body", "operator": "equals", "value": value}
    size = {"subject": "size", "operator": "equals", "value": 4}
    async with talking(b"PONG") as port:
        target = {"port": port, "steps": [{"expect_bytes": "PONG"}]}
        found = await verdict(context, "tcp", target, said, size)
    assert found.outcome is outcome, found
