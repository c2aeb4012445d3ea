"""Kind icmp in network namespaces of its own: on ping sockets and on raw ones.

As root, or where users may make namespaces; with iproute2 and util-linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_PINGING = Path(__file__).with_name("pinging.py")
_NETWORK = """
set -e
ip link set lo up
[ "$MODE" = raw ] || echo 0 0 > /proc/sys/net/ipv4/ping_group_range
unshare --net sleep infinity &
peer=$!
trap 'kill $peer' EXIT
until [ "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
there="nsenter --net=/proc/$peer/ns/net"
ip link add near type veth peer name far netns $peer
$there ip link set lo up
$there ip addr add 198.51.100.2/24 dev far
$there ip addr add 2001:db8::2/64 dev far nodad
$there ip link set far up
$there sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
$there sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
$there sh -c 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'
$there sh -c 'echo 0 > /proc/sys/net/ipv6/icmp/ratelimit'
$there ip link add next type veth peer name last
$there ip addr add 203.0.113.1/26 dev next
$there ip addr add 2001:db8:4::1/64 dev next nodad
$there ip link set last up
$there ip link set next up
$there ip route add unreachable 203.0.113.64/26
$there ip route add blackhole 203.0.113.128/26
$there ip -6 route add unreachable 2001:db8:2::/64
$there ip -6 route add blackhole 2001:db8:3::/64
ip addr add 198.51.100.1/24 dev near
ip addr add 2001:db8::1/64 dev near nodad
ip link set near up
ip route add 203.0.113.0/24 via 198.51.100.2
ip -6 route add 2001:db8::/32 via 2001:db8::2
"$@"
"""
_TARGETS = [
    {"host": "127.0.0.1"},
    {"host": "::1"},
    {"host": "198.51.100.2"},
    {"host": "2001:db8::2"},
    {"host": "198.51.100.2", "payload_bytes": 30_000},
    {"host": "2001:db8::2", "payload_bytes": 30_000},
    {"host": "203.0.113.65"},
    {"host": "2001:db8:2::1"},
    {"host": "203.0.113.129"},
    {"host": "2001:db8:3::1"},
    {"host": "203.0.113.7", "ttl": 1},
    {"host": "2001:db8:4::7", "ttl": 1},
    {"host": "192.0.2.1"},
    {"host": "2001:dead::1"},
]
_ALLOWED = subprocess.run(
    ["unshare", "--map-root-user", "--net", "true"], capture_output=True, check=False
)
pytestmark = pytest.mark.skipif(
    _ALLOWED.returncode != 0, reason="this machine lets nobody make network namespaces"
)
MODES = ("ping", "raw")  # nobody may use ping sockets in a new namespace
LOOPS = ("asyncio", "uvloop")


@cache
def pinged(mode: str, loop: str) -> dict[str, dict[str, Any]]:
    """What a prober in a network of its own sees of all targets at once."""
    inside = ["sh", "-c", _NETWORK, "sh", sys.executable, "-W", "error", str(_PINGING)]
    command = ["unshare", "--map-root-user", "--net", *inside, loop, json.dumps(_TARGETS)]
    done = subprocess.run(
        command,
        env={"MODE": mode, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["raw"] == [mode == "raw"] * 2
    return dict(zip([json.dumps(target) for target in _TARGETS], said["seen"], strict=True))


@pytest.fixture(params=[(mode, loop) for mode in MODES for loop in LOOPS], ids="-".join)
def seen(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    return pinged(*request.param)


def of(seen: dict[str, dict[str, Any]], **target: Any) -> dict[str, Any]:
    return seen[json.dumps(target)]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "198.51.100.2", "2001:db8::2"])
def test_what_is_there_answers(seen: dict[str, dict[str, Any]], host: str) -> None:
    found = of(seen, host=host)
    assert found["reason"] is None
    assert found["facts"]["received"] == 3
    assert found["facts"]["reply_ttl"] == 64
    assert 0 < found["duration_ms"] < 3000


@pytest.mark.parametrize("host", ["198.51.100.2", "2001:db8::2"])
def test_large_packets_come_back_too(seen: dict[str, dict[str, Any]], host: str) -> None:
    assert of(seen, host=host, payload_bytes=30_000)["facts"]["received"] == 3


@pytest.mark.parametrize(
    ("host", "said"),
    [("203.0.113.65", "host unreachable"), ("2001:db8:2::1", "no route to the destination")],
)
def test_the_router_says_unreachable(seen: dict[str, dict[str, Any]], host: str, said: str) -> None:
    found = of(seen, host=host)
    assert found["reason"] == "connect_unreachable"
    assert said in found["message"]


@pytest.mark.parametrize("host", ["203.0.113.129", "2001:db8:3::1"])
def test_silence_lasts_till_the_deadline(seen: dict[str, dict[str, Any]], host: str) -> None:
    found = of(seen, host=host)
    assert found["reason"] == "timeout"
    assert 990 <= found["duration_ms"] < 3000


@pytest.mark.parametrize("host", ["203.0.113.7", "2001:db8:4::7"])
def test_a_packet_that_may_take_one_hop_goes_no_further(
    seen: dict[str, dict[str, Any]], host: str
) -> None:
    found = of(seen, host=host, ttl=1)
    assert found["reason"] == "connect_unreachable"
    assert "exceeded" in found["message"]


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:dead::1"])
def test_no_route_is_our_trouble(seen: dict[str, dict[str, Any]], host: str) -> None:
    found = of(seen, host=host)
    assert found["reason"] == "internal_error"
    assert "no route" in found["message"]
