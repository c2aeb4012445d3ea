"""In a network of its own, for addresses that the loopback can't give: nobody answers there.

It needs Linux, and may need root.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from ipaddress import ip_interface

import orjson
from tests.conformance.definitions import validated
from tests.conformance.kit import Kit, Run
from tests.conformance.mapping import definition_of
from tests.conformance.observation import Observation

from vedette.core.result import Result

# Whoever has the address takes what is sent to it, and says nothing.
_SETUP = (
    "ip link set lo up && ip link add here type veth peer name there && ip addr add {own} dev here"
    " && ip link set here up && ip link set there up"
    ' && ip neigh add {other} lladdr 02:00:00:00:00:01 dev here && exec "$@"'
)


async def replay(run: Run, kit: Kit) -> Observation:
    """The results of a run in a network where its target's address is away."""
    observation = validated(lambda: definition_of(run.kind, run.probe, run.source))
    if observation.spec is None:
        return observation
    inside = [sys.executable, "-m", "tests.conformance.replay.inside", str(kit.cases), run.id]
    other = run.probe["target"]
    setup = _SETUP.format(own=_neighbour(other), other=other)
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    child = await asyncio.create_subprocess_exec(
        "unshare", *as_root, "--net", "sh", "-c", setup, "sh", *inside, stdout=PIPE, stderr=PIPE
    )
    try:
        said, complaint = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise OSError(f"no network of its own: {complaint.decode().strip()}")
    told = orjson.loads(said)
    observation.results = [Result.model_validate(one) for one in told["results"]]
    observation.output = told["output"]
    return observation


def _neighbour(address: str) -> str:
    """Another address of the same network, with its prefix."""
    network = ip_interface(f"{address}/24").network
    own = network[1] if str(network[1]) != address else network[2]
    return f"{own}/{network.prefixlen}"
