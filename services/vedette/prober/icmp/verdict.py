"""What a series of echoes says: its numbers, and what is wrong. Pure."""

import errno
import os
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, pstdev

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.icmp.echoes import Packet
from vedette.prober.icmp.series import Series

Facts = dict[str, str | int | float | bool]
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})


def numbers(sent: Sequence[Packet]) -> Facts:
    """Loss and round trips. Jitter is the mean difference between one and the next."""
    rtts_ms = round_trips_ms(sent)
    facts: Facts = {"sent": len(sent), "received": len(rtts_ms)}
    if sent:
        facts["loss"] = round(loss_percent(sent), 1)
    if rtts_ms:
        facts["rtt_min_ms"] = round(min(rtts_ms), 3)
        facts["rtt_avg_ms"] = round(fmean(rtts_ms), 3)
        facts["rtt_max_ms"] = round(max(rtts_ms), 3)
        facts["rtt_stddev_ms"] = round(pstdev(rtts_ms), 3)
    if len(rtts_ms) > 1:
        differences = (abs(after - before) for before, after in pairwise(rtts_ms))
        facts["jitter_ms"] = round(fmean(differences), 3)
    ttl = next((packet.ttl for packet in sent if packet.ttl is not None), None)
    if ttl is not None:
        facts["reply_ttl"] = ttl
    return facts


def round_trips_ms(sent: Sequence[Packet]) -> list[float]:
    """The round trips of the packets that were answered, in the order they were sent."""
    return [packet.rtt_ms for packet in sent if packet.rtt_ms is not None]


def loss_percent(sent: Sequence[Packet]) -> float:
    """How many of the packets were not answered, 0 to 100."""
    return 100 * (len(sent) - len(round_trips_ms(sent))) / len(sent)


def trouble_of(address: str, series: Series, timeout_s: float) -> Trouble | None:
    """What is wrong, if anything. What this host did not send, or lost itself, was not lost."""
    sent, limit = series.sent, series.target.max_loss_percent
    received = len(round_trips_ms(sent))
    if not received and series.unsent is not None:
        return Trouble(Reason.INTERNAL_ERROR, _not_sent(address, series.unsent))
    loss = loss_percent(sent)
    if received and loss <= limit:
        return None
    if series.undecided:
        return Trouble(Reason.INTERNAL_ERROR, "the prober was too busy and lost answers itself")
    if not received:
        return _unanswered(address, sent, timeout_s)
    message = (
        f"{address} answered {received} of {len(sent)} packets: {loss:.3g} % lost,"
        f" more than {limit:g} %"
    )
    return Trouble(Reason.LOSS, message)


def _unanswered(address: str, sent: Sequence[Packet], timeout_s: float) -> Trouble:
    complaint = next((packet.complaint for packet in sent if packet.complaint is not None), None)
    if complaint is not None:
        return Trouble(Reason.CONNECT_UNREACHABLE, f"ping {address}: {complaint}")
    message = f"{address} answered none of {len(sent)} packets within {timeout_s:g} s"
    return Trouble(Reason.TIMEOUT, message)


def _not_sent(address: str, error: OSError) -> str:
    if error.errno in _NO_ROUTE:
        return f"the prober has no route to {address}"
    return f"the prober could not send to {address}: {os.strerror(error.errno or 0)}"
