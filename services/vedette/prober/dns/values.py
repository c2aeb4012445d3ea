"""Records as people write them, and as they are compared."""

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

from vedette.prober.dns.message import Record

_ADDRESSES = frozenset({"A", "AAAA"})
# The part of a record that people mean when they say which it is.
_GIST = {"MX": "exchange", "SRV": "target", "SOA": "mname"}
_LONGEST_LIST = 300


def text_of(record: Record) -> str:
    """A record's data: of TXT its strings joined, of others as in a zone file."""
    if record.type == "TXT" and hasattr(record.data, "strings"):
        return b"".join(record.data.strings).decode(errors="replace")
    return record.shown()


def gist_of(record: Record) -> str:
    """The host or value that a record is about; all of its text if it is about no single one."""
    if record.type == "CAA" and hasattr(record.data, "value"):
        return bytes(record.data.value).decode(errors="replace")
    if record.type in _GIST:
        return str(getattr(record.data, _GIST[record.type], record.shown()))
    return text_of(record)


def faces_of(record: Record) -> list[str]:
    """The texts that a pattern may be meant for: all of it or its gist, with or without dot."""
    faces = [text_of(record), gist_of(record)]
    if record.type != "TXT":
        faces += [face[:-1] for face in faces if _has_final_dot(face)]
    return faces


def same_form(type_: str, text: str) -> str:
    """What is equal for two texts that mean the same record."""
    if type_ == "TXT":
        return text
    if type_ in _ADDRESSES:
        with suppress(ValueError):
            return str(ip_address(text))
    if type_ == "CAA":
        return text
    return text[:-1].lower() if _has_final_dot(text) else text.lower()


def listed(texts: Sequence[str]) -> str:
    """Texts for a message."""
    whole = ", ".join(texts) or "none"
    return whole if len(whole) <= _LONGEST_LIST else whole[: _LONGEST_LIST - 1] + "…"


def _has_final_dot(text: str) -> bool:
    """Whether it ends with the dot of a name; the root is nothing but that."""
    return text.endswith(".") and text[-2:-1] not in {"", " "}
