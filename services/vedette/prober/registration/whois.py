"""WHOIS (RFC 3912): a line is sent, and everything up to the end of the connection is the answer.

Who is to be asked, the root tells; a registry may refer to the registrar once more.
"""

from vedette.prober.context import Context
from vedette.prober.registration.registration import Registration
from vedette.prober.registration.registries import whois_server
from vedette.prober.registration.unanswered import Unanswered, failed
from vedette.prober.registration.whoistext import Text
from vedette.prober.streams.course import Course
from vedette.prober.streams.visit import Place, Visit

# Where the plain name asks for something else, or gets less.
_QUESTIONS = {
    "whois.denic.de": "-T dn,ace {domain}",
    "whois.jprs.jp": "{domain}/e",
    "whois.verisign-grs.com": "domain {domain}",
}


async def refer(context: Context, root: str, tld: str, within_s: float) -> str:
    """The WHOIS server of a top-level domain, as the root tells. Raises Unanswered."""
    text = await _said(context, root, tld, within_s)
    server = text.server_of_tld()
    if server is None:
        words = f"there is neither an RDAP nor a WHOIS service for .{tld}"
        raise Unanswered(f"{words}, as the WHOIS server {root} tells")
    return server


async def ask(context: Context, server: str, domain: str, within_s: float) -> Registration:
    """Ask a registry's server for a domain, and the registrar's it refers to if it tells no date.

    Raises Unanswered.
    """
    course = Course(server, within_s)
    text = await _said(context, server, _question(server, domain), course.remaining_s())
    found = text.registration(domain)
    registrars = text.registrars_server()
    if found.exists and found.expires_at is None and registrars not in {None, server}:
        assert registrars is not None
        more = await _said(context, registrars, domain, course.remaining_s())
        return more.registration(domain)
    return found


def _question(server: str, domain: str) -> str:
    return _QUESTIONS.get(server, "{domain}").format(domain=domain)


async def _said(context: Context, server: str, question: str, within_s: float) -> Text:
    try:
        place = Place.of(whois_server(server))
    except ValueError as error:
        raise Unanswered(str(error)) from None
    doing = f"asking the WHOIS server {server}"

    async def converse(visit: Visit) -> None:
        visit.course.converse(doing)
        await visit.stream.send(f"{question}\r\n".encode())
        while await visit.stream.more():
            pass

    seen = await Visit(context, place, Course(place.peer, within_s)).go(converse)
    if seen.trouble is not None:
        raise failed(doing, seen.trouble)
    return Text.of(bytes(seen.answer.body) if seen.answer is not None else b"", server)
