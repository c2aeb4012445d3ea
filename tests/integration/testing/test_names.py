"""A name server that says what it is told."""

from __future__ import annotations

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from vedette.testing.names import NameServer, running_nameserver


async def look_up(server: NameServer, name: str, kind: str = "A", *, tcp: bool = False) -> str:
    query = dns.message.make_query(name, kind)
    ask = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    answer = await ask(query, "127.0.0.1", port=server.port, timeout=0.5)
    data = " ".join(str(item) for rrset in answer.answer for item in rrset)
    return data or dns.rcode.to_text(answer.rcode())


async def test_a_name_server_says_what_it_is_told() -> None:
    records = {
        "a.test": "192.0.2.1",
        "six.test": "2001:db8::1",
        "both.test": ["192.0.2.1", "192.0.2.2", 'TXT "hello there"', "MX 10 mail.test."],
        "alias.test": "CNAME a.test.",
        "broken.test": "SERVFAIL",
        "silent.test": "SILENT",
    }
    async with running_nameserver(records) as server:
        assert server.address == f"127.0.0.1:{server.port}"
        assert await look_up(server, "A.test") == "192.0.2.1"
        assert await look_up(server, "a.test", tcp=True) == "192.0.2.1"
        assert await look_up(server, "a.test", "AAAA") == "NOERROR"
        assert await look_up(server, "six.test", "AAAA") == "2001:db8::1"
        assert await look_up(server, "both.test") == "192.0.2.1 192.0.2.2"
        assert await look_up(server, "both.test", "TXT") == '"hello there"'
        assert await look_up(server, "both.test", "MX") == "10 mail.test."
        assert await look_up(server, "alias.test") == "a.test."
        assert await look_up(server, "other.test") == "NXDOMAIN"
        assert await look_up(server, "broken.test") == "SERVFAIL"
        with pytest.raises(dns.exception.Timeout):
            await look_up(server, "silent.test")
        server.records["other.test"] = "192.0.2.9"
        assert await look_up(server, "other.test") == "192.0.2.9"
        assert server.queries[0] == ("a.test", "A")
