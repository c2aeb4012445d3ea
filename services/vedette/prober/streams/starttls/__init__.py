"""Going over to TLS in the words of a protocol: what is said before the handshake."""

from collections.abc import Awaitable, Callable, Mapping

from vedette.core.endpoints import StartTls
from vedette.prober.streams.starttls.binary import ldap, mysql, postgres
from vedette.prober.streams.starttls.lines import ftp, imap, pop3, smtp
from vedette.prober.streams.starttls.xmpp import xmpp, xmpp_server
from vedette.prober.streams.stream import Stream

# Each is told the host name of the target, and raises Stopped when TLS is not to be had.
PROTOCOLS: Mapping[StartTls, Callable[[Stream, str], Awaitable[None]]] = {
    "smtp": smtp,
    "imap": imap,
    "pop3": pop3,
    "ftp": ftp,
    "ldap": ldap,
    "postgres": postgres,
    "mysql": mysql,
    "xmpp": xmpp,
    "xmpp-server": xmpp_server,
}
