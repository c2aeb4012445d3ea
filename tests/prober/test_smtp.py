"""Kind smtp, against a real server and scripted ones."""

from __future__ import annotations

import re
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from tests.prober.support import closed_port, time_for
from tests.prober.talking import Maker, Talk, presenting, saying, talking

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.smtp import SmtpTarget
from vedette.core.outcome import Reason
from vedette.core.redaction import redacted
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.guard import Guard
from vedette.prober.probes.smtp import SmtpProbe
from vedette.testing.smtp import running_mailbox

LOGIN = ("ann", "p\u00e4ss")
AUTH = {"username": LOGIN[0], "password": LOGIN[1]}
CERTIFICATE = Maker().make("here")
SECURE = presenting(CERTIFICATE)
TRUSTED = {"ca": CERTIFICATE.pem}
HI, EHLO, GO, OK, BYE = (
    "220 hi\r\n",
    "250-here\r\n250 STARTTLS\r\n",
    "220 go\r\n",
    "250 ok\r\n",
    "221 bye\r\n",
)


async def smtp(context: Context, port: int, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Check a port of this machine by kind smtp."""
    definition = SmtpTarget.model_validate({"host": "127.0.0.1", "port": port, **target})
    return await SmtpProbe(definition).probe(context, timeout_s)


async def test_a_greeting_and_what_is_offered(context: Context) -> None:
    async with running_mailbox() as mailbox:
        seen = await smtp(context, mailbox.port)
    assert seen.trouble is None, seen.trouble
    assert str(seen.facts["banner"]).startswith("localhost Python SMTP")
    assert "SMTPUTF8" in seen.subjects["answer"]
    assert "SMTPUTF8" in str(seen.facts["extensions"])
    assert "220 localhost" in seen.subjects["body"]
    assert list(seen.phases) == ["connect", "first_byte", "transfer", "close"]


@pytest.mark.parametrize("encryption", ["starttls", "if_offered", "implicit"])
async def test_encrypted_with_a_login_and_a_recipient(context: Context, encryption: str) -> None:
    kind: Any = "implicit" if encryption == "implicit" else "starttls"
    async with running_mailbox(encryption=kind, login=LOGIN) as mailbox:
        here = replace(context, ca_file=str(mailbox.ca_file))
        target: dict[str, Any] = {"encryption": encryption, "rcpt_to": "bob@shop.example"}
        seen = await smtp(here, mailbox.port, **target, auth={**AUTH, "in_clear": True})
        assert mailbox.messages == []
    assert seen.trouble is None, seen.trouble
    assert seen.facts["tls_version"] == "TLSv1.3"
    assert "certificate_expires_at" in seen.facts
    assert {"login", "exchange"} < seen.phases.keys()
    assert ("starttls" in seen.phases) is (encryption != "implicit")


async def test_a_certificate_that_nobody_trusts(context: Context) -> None:
    async with talking(saying(HI, EHLO, GO, SECURE)) as port:
        seen = await smtp(context, port, encryption="if_offered")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_SELF_SIGNED
    assert seen.facts["extensions"] == "STARTTLS"


@pytest.mark.parametrize("mechanism", ["plain", "login"])
async def test_logins_that_are_refused(context: Context, mechanism: str) -> None:
    async with running_mailbox(login=LOGIN) as mailbox:
        good = {**AUTH, "in_clear": True, "mechanism": mechanism}
        seen = await smtp(context, mailbox.port, auth=good)
        wrong = await smtp(context, mailbox.port, auth={**good, "password": "other"})
    assert seen.trouble is None, seen.trouble
    assert wrong.trouble is not None
    assert wrong.trouble.reason is Reason.STATUS
    assert f"answered AUTH {mechanism.upper()} with '535" in wrong.trouble.message
    assert wrong.facts["smtp_code"] == 535


async def test_a_long_login_is_sent_apart(context: Context) -> None:
    user, password = "u" * 250, "p" * 200
    auth = {"username": user, "password": password, "in_clear": True, "mechanism": "plain"}
    async with running_mailbox(login=(user, password)) as mailbox:
        seen = await smtp(context, mailbox.port, auth=auth)
    assert seen.trouble is None, seen.trouble


async def test_recipients_and_senders_that_are_refused(context: Context) -> None:
    async with running_mailbox() as mailbox:
        mailbox.rejecting = True
        rejected = await smtp(context, mailbox.port, rcpt_to="bob@shop.example")
        mailbox.refusing = True
        refused = await smtp(context, mailbox.port, mail_from="ann@shop.example")
    assert rejected.trouble is not None
    assert rejected.trouble.reason is Reason.STATUS
    assert "RCPT TO:<bob@shop.example> with '550 5.1.1 no such mailbox'" in rejected.trouble.message
    assert refused.trouble is not None
    assert "MAIL FROM:<ann@shop.example> with '451" in refused.trouble.message


async def test_what_is_said(context: Context) -> None:
    """In which words, and that nothing is left behind."""
    heard: list[bytes] = []

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220-hi\r\n220 there\r\n")
        while line := await reader.readline():
            heard.append(line)
            writer.write(b"221 bye\r\n" if line == b"QUIT\r\n" else b"250-a\r\n250\r\n")

    async with talking(talk) as port:
        seen = await smtp(context, port, helo="probe.example", rcpt_to="bob@shop.example")
        await smtp(context, port)
    assert seen.trouble is None, seen.trouble
    assert seen.facts["banner"] == "hi there"
    assert heard == [
        b"EHLO probe.example\r\n",
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<bob@shop.example>\r\n",
        b"RSET\r\n",
        b"QUIT\r\n",
        b"EHLO [127.0.0.1]\r\n",
        b"QUIT\r\n",
    ]


async def test_a_server_before_esmtp(context: Context) -> None:
    async with talking(saying(HI, "502 what?\r\n", OK, BYE)) as port:
        seen = await smtp(context, port)
    assert seen.trouble is None, seen.trouble
    assert seen.subjects["answer"] == []


async def test_tls_that_is_not_to_be_had_may_do(context: Context) -> None:
    async with talking(saying(HI, "250 here\r\n", BYE)) as without:
        seen = await smtp(context, without, encryption="if_offered")
        insisted = await smtp(context, without, encryption="starttls")
    async with talking(saying(HI, EHLO, "454 not now\r\n", BYE)) as later:
        put_off = await smtp(context, later, encryption="if_offered")
        refused = await smtp(context, later, encryption="starttls")
    assert seen.trouble is put_off.trouble is None
    assert insisted.trouble is not None
    assert insisted.trouble.reason is Reason.ANSWER
    assert "does not offer STARTTLS; it offers nothing" in insisted.trouble.message
    assert refused.trouble is not None
    assert refused.trouble.reason is Reason.STATUS


async def test_what_is_offered_within_tls_counts(context: Context) -> None:
    inside = ["", "250-here\r\n250-AUTH=LOGIN\r\n250 SIZE 10\r\n", "334 x\r\n", "334 y\r\n",
              "235 in\r\n", BYE]  # fmt: skip
    async with talking(saying(HI, EHLO, GO, SECURE, *inside)) as port:
        seen = await smtp(context, port, encryption="starttls", tls=TRUSTED, auth=AUTH)
        plain = await smtp(
            context, port, encryption="starttls", tls=TRUSTED, auth={**AUTH, "mechanism": "plain"}
        )
    assert seen.trouble is None, seen.trouble
    assert seen.subjects["answer"] == ["AUTH=LOGIN", "SIZE 10"]
    assert plain.trouble is not None
    assert plain.trouble.reason is Reason.ANSWER
    assert "does not offer AUTH PLAIN" in plain.trouble.message


async def test_words_smuggled_in_before_tls(context: Context) -> None:
    async with talking(saying(HI, EHLO, GO + "250 smuggled\r\n", SECURE)) as port:
        seen = await smtp(context, port, encryption="starttls", tls=TRUSTED)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert "went on talking" in seen.trouble.message


@pytest.mark.parametrize(
    ("server", "reason", "words"),
    [
        (saying("554 go away\r\n"), Reason.STATUS, "the connection with '554 go away'"),
        (saying("421-a\r\n421 b\r\n"), Reason.STATUS, "with '421 a b'"),
        (saying(HI, "550 no\r\n"), Reason.STATUS, "EHLO with '550 no'"),
        (saying("SSH-2.0-x\r\n"), Reason.PROTOCOL_ERROR, "'SSH-2.0-x' instead of a reply to the"),
        (saying("+OK\r\n"), Reason.PROTOCOL_ERROR, "'+OK'"),
        (saying("2200 hi\r\n"), Reason.PROTOCOL_ERROR, "'2200 hi'"),
        (saying("220-hi\r\n221 ho\r\n"), Reason.PROTOCOL_ERROR, "changed its mind"),
        (saying("220-hi\r\n"), Reason.TIMEOUT, "greeting"),
        (saying(HI, "250-a\r\n"), Reason.TIMEOUT, "EHLO"),
        (saying("x" * 70_000), Reason.PROTOCOL_ERROR, "a line of more than"),
        (
            saying(("220-" + "x" * 500 + "\r\n") * 2_200),
            Reason.PROTOCOL_ERROR,
            "more than 1048576 bytes",
        ),
        (saying(""), Reason.TIMEOUT, "greeting"),
    ],
)
async def test_answers(context: Context, server: Talk, reason: Reason, words: str) -> None:
    async with talking(server) as port:
        seen = await smtp(context, port, timeout_s=time_for(reason))
    assert seen.trouble is not None
    assert (seen.trouble.reason, words in seen.trouble.message) == (reason, True), seen.trouble


async def test_a_server_that_leaves(context: Context) -> None:
    async def leave(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 hi\r\n")

    async with talking(leave) as port:
        seen = await smtp(context, port)
    assert seen.trouble is not None
    assert seen.trouble.reason in {Reason.PROTOCOL_ERROR, Reason.CONNECT_RESET}


async def test_nothing_depends_on_the_goodbye(context: Context) -> None:
    async with talking(saying(HI, "250 here\r\n")) as port:
        seen = await smtp(context, port)
    assert seen.trouble is None


async def test_what_forbids_and_fails_before(context: Context) -> None:
    guarded = replace(context, guard=Guard("loopback"))
    seen = [await smtp(guarded, closed_port()), await smtp(context, closed_port())]
    reasons = [one.trouble and one.trouble.reason for one in seen]
    assert reasons == [Reason.FORBIDDEN_TARGET, Reason.CONNECT_REFUSED]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"helo": "a b"}, "host name"),
        ({"helo": "192.0.2.1"}, "like [192.0.2.1]"),
        ({"helo": "[a]"}, "helo"),
        ({"rcpt_to": "bob"}, "no address like ann@example.org"),
        ({"rcpt_to": "bob@a.example>\r\nDATA"}, "no address"),
        ({"mail_from": "b\u00fcb@a.example"}, "in ASCII"),
        ({"auth": {"username": "a", "password": "b"}}, "auth needs encryption"),
        (
            {"auth": {"username": "a", "password": "b"}, "encryption": "if_offered"},
            "auth needs encryption",
        ),
        ({"tls": {"verify": False}}, "tls needs encryption"),
        ({"encryption": "ssl"}, "encryption"),
    ],
)
def test_refused_targets(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        SmtpTarget.model_validate({"host": "a.example", **target})
    assert re.search(re.escape(words), str(refusal.value)), refusal.value


def test_definitions_survive_the_way_to_a_prober_and_secrets_are_hidden() -> None:
    target = {"host": "a.example", "encryption": "implicit", "auth": {**AUTH, "password": "s3cret"}}
    spec = parse_monitor({"name": "mail", "kind": "smtp", "target": target})
    assert isinstance(spec.target, SmtpTarget)
    assert spec.target.port == 465
    assert SmtpTarget(host="a.example").port == 25  # type: ignore[call-arg]
    assert SmtpTarget.model_validate(spec.probed(compact=True)["target"]) == spec.target
    assert spec.target.summary() == "SMTP a.example:465"
    assert "s3cret" not in str(redacted(spec)) + repr(spec)
