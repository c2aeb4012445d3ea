"""Where a loaded library keeps the addresses of the functions that it calls in others (ELF, gABI).

Each such function has a slot in the library's memory, by which it is called. Nothing of C can say
where these are, so they are read from the tables in the library's file.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_ELF64_LITTLE = b"\x7fELF\x02\x01"
_SECTION = struct.Struct("<IIQQQQIIQQ")
_RELOCATION = struct.Struct("<QQq")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = 4
_WORD = struct.Struct("P")


class _Section(NamedTuple):
    kind: int
    content: bytes
    link: int


class _Found(ctypes.Structure):
    """What dladdr(3) tells of an address."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def slots(library: ctypes.CDLL, within: str, called: str) -> list[int]:
    """The slots of the function `called` in the loaded library that the function `within` is of.

    Only those that lead where they must: to that function, or, as long as it was not called, back
    into the library, which finds it out at the first call. Raises OSError or AttributeError if
    there is no such library or function, ValueError if it is of another format.
    """
    home = _found(_address(getattr(library, within)))
    known = _address(getattr(library, called))
    found = []
    for offset in _offsets(Path(os.fsdecode(home.file or b"")).read_bytes(), called.encode()):
        slot = (home.base or 0) + offset
        leads_to = _WORD.unpack(ctypes.string_at(slot, _WORD.size))[0]
        if leads_to == known or _found(leads_to).base == home.base:
            found.append(slot)
    return found


def lead(slot: int, to: Any) -> None:
    """Have a slot lead to another function. Raises OSError if its memory can't be written."""
    memory = os.open("/proc/self/mem", os.O_RDWR)
    try:
        os.pwrite(memory, _WORD.pack(_address(to)), slot)
    finally:
        os.close(memory)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _found(address: int) -> _Found:
    found = _Found()
    ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(found))
    return found


def _offsets(file: bytes, called: bytes) -> Iterator[int]:
    """Where, from the library's beginning in memory, are the slots of a function."""
    sections = _sections(file)
    for section in sections:
        if section.kind != _RELA:
            continue
        symbols = sections[section.link]
        names = sections[symbols.link].content if symbols.content else b""
        for offset, info, _ in _RELOCATION.iter_unpack(section.content):
            number = info >> 32
            if number and _name(symbols.content, names, number) == called:
                yield offset


def _sections(file: bytes) -> list[_Section]:
    if not file.startswith(_ELF64_LITTLE):
        raise ValueError("not a library of 64 bits")
    (start,) = struct.unpack_from("<Q", file, 40)
    size, count = struct.unpack_from("<HH", file, 58)
    found = []
    for number in range(count):
        entry = _SECTION.unpack_from(file, start + number * size)
        _, kind, _, _, offset, length, link, *_ = entry
        found.append(_Section(kind, file[offset : offset + length], link))
    return found


def _name(symbols: bytes, names: bytes, number: int) -> bytes:
    start = _SYMBOL.unpack_from(symbols, number * _SYMBOL.size)[0]
    return names[start : names.index(b"\0", start)]
