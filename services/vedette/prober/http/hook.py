"""libcurl's own OpenSSL, which pycurl does not lead to: each handshake is seen while it is made.

libcurl hands out a TLS context before it uses it (CURLOPT_SSL_CTX_FUNCTION), and OpenSSL leaves the
verification of a chain to who asks for it (SSL_CTX_set_cert_verify_callback). pycurl passes on
neither, so both are set by their C functions, on the handle that is inside pycurl's. Where that
handle is found is tried out first; if anything is not as expected, there is no hook, and libcurl
has to be asked to tell in words what it sees, which costs more.
"""

import ctypes
import os
import struct
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import pycurl
import structlog

from vedette.prober.http.handshakes import Handshake, Handshakes
from vedette.prober.multi import Handle

log = structlog.get_logger()
_pointer = ctypes.c_void_p
_SSL_CTX_FUNCTION = 20108
_EFFECTIVE_URL = 0x100001
_WORD = struct.calcsize("P")
_MAGIC = struct.pack("I", 0xC0DEDBAD)
"""How each of libcurl's handles begins."""
_SET_VERIFY_STORE = 106
"""SSL_CTRL_SET_VERIFY_CERT_STORE."""
_GOOD = 1
_X509_V_OK = 0
_X509_V_ERR_UNSPECIFIED = 1
_ON_CONTEXT = ctypes.CFUNCTYPE(ctypes.c_int, _pointer, _pointer, _pointer)
_ON_CHAIN = ctypes.CFUNCTYPE(ctypes.c_int, _pointer, _pointer)


class Hook:
    """Shows the handshakes of transfers to those who listen."""

    def __init__(self, library: ctypes.CDLL, offset: int) -> None:
        """Raises AttributeError if the library lacks a function."""
        self._offset = offset
        self._listening: dict[int, Handshakes] = {}
        self._under_way: dict[int, Handshake] = {}
        self._numbers = count(1)
        self._setopt = library.curl_easy_setopt
        self._setopt.argtypes = [_pointer, ctypes.c_int]
        self._verify = _function(library.X509_verify_cert, ctypes.c_int, _pointer)
        self._set_error = _function(library.X509_STORE_CTX_set_error, None, _pointer, ctypes.c_int)
        self._sent = _function(library.X509_STORE_CTX_get0_untrusted, _pointer, _pointer)
        self._path = _function(library.X509_STORE_CTX_get0_chain, _pointer, _pointer)
        self._data = _function(library.X509_STORE_CTX_get_ex_data, _pointer, _pointer, ctypes.c_int)
        self._connection = library.SSL_get_ex_data_X509_STORE_CTX_idx()
        self._version = _function(library.SSL_get_version, ctypes.c_char_p, _pointer)
        self._current = _function(library.SSL_get_current_cipher, _pointer, _pointer)
        self._pending = _function(library.SSL_get_pending_cipher, _pointer, _pointer)
        self._name = _function(library.SSL_CIPHER_get_name, ctypes.c_char_p, _pointer)
        self._number = _function(library.OPENSSL_sk_num, ctypes.c_int, _pointer)
        self._value = _function(library.OPENSSL_sk_value, _pointer, _pointer, ctypes.c_int)
        self._encode = _function(library.i2d_X509, ctypes.c_int, _pointer, _pointer)
        self._free = _function(library.CRYPTO_free, None, _pointer, ctypes.c_char_p, ctypes.c_int)
        self._leave_to = _function(
            library.SSL_CTX_set_cert_verify_callback, None, _pointer, _pointer, _pointer
        )
        # Each connection takes a word of its own over from the context, which may be others' as
        # well: it is meant for who asks for pass phrases, which are none here.
        self._mark = _function(
            library.SSL_CTX_set_default_passwd_cb_userdata, None, _pointer, _pointer
        )
        self._mark_of = _function(library.SSL_get_default_passwd_cb_userdata, _pointer, _pointer)
        self._trusted = _function(library.SSL_CTX_get_cert_store, _pointer, _pointer)
        self._control = _function(
            library.SSL_CTX_ctrl, ctypes.c_long, _pointer, ctypes.c_int, ctypes.c_long, _pointer
        )
        self._on_context = _ON_CONTEXT(self._begin)
        self._on_chain = _ON_CHAIN(self._judge)
        self._judge_pointer = ctypes.cast(self._on_chain, _pointer)

    def listen(self, handle: Handle, handshakes: Handshakes) -> int:
        """Have the handshakes of a handle's next transfer shown; returns what to `leave` then."""
        place = _inside(handle, self._offset)
        self._listening[place] = handshakes
        self._setopt(place, _SSL_CTX_FUNCTION, self._on_context)
        return place

    def leave(self, place: int) -> None:
        """Listen no more."""
        handshakes = self._listening.pop(place, None)
        if handshakes is not None:
            for number in handshakes.numbers:
                self._under_way.pop(number, None)

    def _begin(self, handle: int, context: int, _data: int | None) -> int:
        """libcurl's callback: a handshake is about to be made."""
        handshakes, number = self._listening.get(handle), None
        if handshakes is not None:
            number = next(self._numbers)
            self._under_way[number] = handshakes.begin(number)
        self._mark(context, number)
        self._leave_to(context, self._judge_pointer, None)
        # Whatever becomes of the context: this connection trusts who is trusted now.
        self._control(context, _SET_VERIFY_STORE, 1, self._trusted(context))
        return 0

    def _judge(self, store: int, _data: int | None) -> int:
        """OpenSSL's callback: is the chain that was sent to be trusted?"""
        connection = self._data(store, self._connection)
        handshake = self._under_way.get(self._mark_of(connection))
        if handshake is None:  # the transfer is over
            return int(self._verify(store))
        try:
            self._look(store, connection, handshake)
            verdict = handshake.verdict()
            if verdict is not None:
                self._set_error(store, _X509_V_OK if verdict else _X509_V_ERR_UNSPECIFIED)
                return int(verdict)
        except Exception:
            log.exception("a handshake can't be looked at")
            return int(self._verify(store))
        good = int(self._verify(store))
        if good == _GOOD:
            handshake.remember(self._certificates(self._path(store)))
        return good

    def _look(self, store: int, connection: int, handshake: Handshake) -> None:
        cipher = self._current(connection) or self._pending(connection)
        handshake.version = self._version(connection).decode()
        handshake.cipher = self._name(cipher).decode() if cipher else ""
        handshake.chain = self._certificates(self._sent(store))

    def _certificates(self, stack: int | None) -> tuple[bytes, ...]:
        return tuple([self._der(self._value(stack, at)) for at in range(self._number(stack))])

    def _der(self, certificate: int) -> bytes:
        out = _pointer()
        length = self._encode(certificate, ctypes.byref(out))
        if length < 0:
            raise ValueError("a certificate can't be encoded again")
        der = ctypes.string_at(out, length)
        self._free(out, None, 0)
        return der


@cache
def hook() -> Hook | None:
    """This process's hook; None if there can be none."""
    if " OpenSSL/3." not in pycurl.version:
        return None
    try:
        # It leads on to what it is linked with: libcurl and its OpenSSL.
        library = ctypes.CDLL(pycurl._pycurl.__file__)
        offset = _offset(library)
        return None if offset is None else Hook(library, offset)
    except (OSError, AttributeError) as error:
        log.info("no hook into libcurl", reason=str(error))
        return None


def _function(found: Any, returns: Any, *takes: Any) -> Callable[..., Any]:
    found.restype, found.argtypes = returns, list(takes)
    return found  # type: ignore[no-any-return]


def _inside(handle: Handle, offset: int) -> int:
    """The address of libcurl's handle in pycurl's."""
    return _pointer.from_address(id(handle) + offset).value or 0


def _offset(library: ctypes.CDLL) -> int | None:
    """Where in pycurl's handles libcurl's are; None if that isn't certain. Raises OSError."""
    getinfo = library.curl_easy_getinfo
    getinfo.argtypes = [_pointer, ctypes.c_int]
    handles = [pycurl.Curl() for _ in range(2)]
    found = {offset for offset in _places(handles[0]) if offset in _places(handles[1])}
    if len(found) != 1:
        return None
    offset = found.pop()
    for number, handle in enumerate(handles):
        url = f"http://{number}.invalid/"
        handle.setopt(pycurl.URL, url)
        said = ctypes.c_char_p()
        getinfo(_inside(handle, offset), _EFFECTIVE_URL, ctypes.byref(said))
        if said.value != url.encode():
            return None
    return offset


def _places(handle: Handle) -> set[int]:
    """Where in an object there is a pointer to what looks like one of libcurl's handles."""
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        offsets = range(0, type(handle).__basicsize__, _WORD)
        return {at for at in offsets if _read(memory, _inside(handle, at)) == _MAGIC}
    finally:
        os.close(memory)


def _read(memory: int, address: int) -> bytes:
    """What is there; nothing for an address that leads nowhere."""
    try:
        return os.pread(memory, len(_MAGIC), address)
    except (OSError, OverflowError):
        return b""
