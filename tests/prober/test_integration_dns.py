"""The dns kind against BIND."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import trustme
from tests.prober.dns_servers import ask

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.bind import Bind, running_bind
from vedette.testing.waiting import eventually

LONG = " ".join(f'"{letter * 200}"' for letter in "abcdefghij")
ZONE = f"""\
$TTL 300
@       IN SOA ns1 host 2024010203 7200 3600 1209600 60
        IN NS  ns1
        IN NS  ns2.elsewhere.test.
        IN MX  10 mail
        IN CAA 0 issue "ca.test"
        IN TXT "v=spf1 " "-all"
ns1     IN A 192.0.2.53
mail    60 IN A 192.0.2.25
www     IN CNAME web
web     IN A 192.0.2.80
        IN AAAA 2001:db8::80
_x._tcp IN SRV 1 2 443 web
*.wild  IN A 192.0.2.99
long    IN TXT {LONG}
xn--bcher-kva IN A 192.0.2.1
"""


@dataclasses.dataclass
class World:
    bind: Bind
    ca_file: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("bind")
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    ca_file, certificate, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(str(ca_file))
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(str(certificate), append=True)
    leaf.private_key_pem.write_to_path(str(key))

    async with running_bind(
        folder / "named", zone="vedette.test", records=ZONE, certificate=certificate, key=key
    ) as bind:
        yield World(bind, ca_file)


def at(world: World, transport: str) -> str:
    ports = {"tls": world.bind.tls_port, "https": world.bind.https_port}
    return f"127.0.0.1:{ports.get(transport, world.bind.port)}"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls", "https"])
@pytest.mark.parametrize(
    ("type_", "name", "answer"),
    [
        ("A", "www.vedette.test", ["192.0.2.80"]),
        ("AAAA", "web.vedette.test", ["2001:db8::80"]),
        ("CNAME", "www.vedette.test", ["web.vedette.test."]),
        ("MX", "vedette.test", ["10 mail.vedette.test."]),
        ("TXT", "vedette.test", ["v=spf1 -all"]),
        ("CAA", "vedette.test", ['0 issue "ca.test"']),
        ("SRV", "_x._tcp.vedette.test", ["1 2 443 web.vedette.test."]),
        ("A", "any.wild.vedette.test", ["192.0.2.99"]),
        ("A", "BÜCHER.vedette.test.", ["192.0.2.1"]),
    ],
)
async def test_records(
    context: Context, world: World, transport: str, type_: str, name: str, answer: list[str]
) -> None:
    trusting = dataclasses.replace(context, ca_file=str(world.ca_file))
    seen = await ask(
        trusting,
        at(world, transport),
        transport=transport,
        name=name,
        type=type_,
        answers={"equals": answer},
        flags={"aa": True, "ra": False},
    )
    assert seen.trouble is None
    assert seen.subjects["answer"] == answer


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls", "https"])
async def test_the_zone_itself(context: Context, world: World, transport: str) -> None:
    trusting = dataclasses.replace(context, ca_file=str(world.ca_file))
    seen = await ask(
        trusting,
        at(world, transport),
        transport=transport,
        name="vedette.test",
        type="SOA",
        serial={"at_least": 2024010200},
    )
    assert seen.trouble is None
    assert seen.facts["serial"] == 2024010203
    assert seen.facts["ttl"] == 300


async def test_what_udp_has_no_room_for(context: Context, world: World) -> None:
    seen = await ask(context, at(world, "udp"), name="long.vedette.test", type="TXT")
    assert seen.trouble is None
    assert seen.facts["truncated"] is True
    assert len(seen.subjects["answer"][0]) == 2000


@pytest.mark.parametrize(
    ("name", "type_", "reason"),
    [
        ("gone.vedette.test", "A", Reason.DNS_NXDOMAIN),
        ("web.vedette.test", "MX", Reason.ANSWER),
        ("elsewhere.test", "A", Reason.RCODE),
    ],
)
async def test_what_is_not_there(
    context: Context, world: World, name: str, type_: str, reason: Reason
) -> None:
    seen = await ask(context, at(world, "udp"), name=name, type=type_)
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble


async def test_its_version(context: Context, world: World) -> None:
    seen = await ask(
        context, at(world, "udp"), name="version.bind", type="TXT", class_="CH", dnssec=True
    )
    assert seen.trouble is None
    assert seen.subjects["answer"][0].startswith("9.")


async def test_a_frozen_server(context: Context, world: World) -> None:
    async def falls_silent() -> bool:
        seen = await ask(context, at(world, "udp"), timeout_s=0.2)
        assert seen.trouble is not None
        return seen.trouble.reason is Reason.DNS_TIMEOUT

    world.bind.freeze()
    try:
        await eventually(falls_silent)
        seen = await ask(context, at(world, "tcp"), transport="tcp", timeout_s=0.2)
        assert seen.trouble is not None
        assert seen.trouble.reason is Reason.TIMEOUT
    finally:
        world.bind.thaw()
