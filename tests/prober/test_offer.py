"""A prober on a machine where a client is missing or broken."""

import json
import subprocess
import sys

_OFFER = """
import json, sys
sys.path.insert(0, sys.argv[1])
{before}
from vedette.prober.probes import offer
print(json.dumps([sorted(offer().makers), offer().lacking]))
"""
_MISSING = "sys.modules[{!r}] = None"


def offered(before: str, folder: object = ".") -> tuple[list[str], dict[str, str]]:
    """What a process offers, and what it lacks, after some preparation."""
    told = subprocess.run(
        [sys.executable, "-c", _OFFER.format(before=before), str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    kinds, lacking = json.loads(told.stdout)
    return kinds, lacking


def test_missing_clients_take_their_own_kinds_along_alone() -> None:
    kinds, lacking = offered("; ".join(map(_MISSING.format, ["aiomysql", "websockets"])))
    assert lacking == {
        "mysql": "aiomysql is not installed; pip install 'vedette[mysql]' adds it",
        "websocket": "websockets is not installed; pip install 'vedette[prober]' adds it",
    }
    assert {"http", "tcp", "tls", "dns", "icmp"} <= set(kinds)


def test_a_client_that_can_not_be_loaded_is_told_apart(tmp_path: object) -> None:
    broken = f"open({str(tmp_path)!r} + '/aiomysql.py', 'w').write('from json import nothing')"
    kinds, lacking = offered(broken, tmp_path)
    assert list(lacking) == ["mysql"]
    assert "json is installed and can't be loaded: cannot import name" in lacking["mysql"]
    assert "http" in kinds
