"""Logging in to a broker (SASL)."""

from aiokafka.protocol.admin import SaslAuthenticateRequest, SaslHandShakeRequest

from vedette.core.kinds.kafka import KafkaTarget
from vedette.core.outcome import Reason
from vedette.prober.kafka.link import Link
from vedette.prober.kafka.scram import Scram

_USUAL = "PLAIN"
_WITH_FRAMES = 1
"""From this version of the handshake on, the login is made of requests like any other."""
_UNSUPPORTED = 33


async def log_in(link: Link, target: KafkaTarget) -> None:
    """Find out what it speaks, and be let in. Raises Stopped."""
    await link.learn_versions()
    if target.username is None or target.password is None:
        return
    mechanism = target.mechanism or _USUAL
    answer = await link.ask(SaslHandShakeRequest(mechanism), at_least=_WITH_FRAMES)
    if answer.error_code == _UNSUPPORTED:
        offered = ", ".join(map(str, answer.enabled_mechanisms or [])) or "none"
        link.check(answer.error_code, f"it offers {offered}, not {mechanism}")
    link.check(answer.error_code)
    if mechanism == _USUAL:
        await _say(link, f"\0{target.username}\0{target.password}".encode())
    else:
        await _scram(link, Scram(mechanism, target.username, target.password))


async def _scram(link: Link, scram: Scram) -> None:
    challenge = await _say(link, scram.first())
    try:
        proof = scram.proof(challenge)
    except (ValueError, KeyError) as error:
        words = f"its SCRAM challenge is not valid: {error}"
        raise link.stopped(Reason.PROTOCOL_ERROR, words) from error
    final = await _say(link, proof)
    try:
        scram.verify(final)
    except (ValueError, KeyError) as error:
        raise link.stopped(Reason.STATUS, f"the end of SCRAM: {error}") from error


async def _say(link: Link, message: bytes) -> bytes:
    answer = await link.ask(SaslAuthenticateRequest(message))
    link.check(answer.error_code, answer.error_message)
    return bytes(answer.sasl_auth_bytes or b"")
