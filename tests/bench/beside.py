"""Vedette measured by a rig that measures other monitoring systems from outside.

    python -m tests.bench.beside RIG steady --rate 100 --interval 60 --window 120 [--scheme ec]
    python -m tests.bench.beside RIG alert --rate 100 --interval 20

RIG is the folder of its modules. Each figure is printed as a line of JSON by the rig itself, and
kept where it keeps those of the others. VEDETTE_UP_PROBERS in the environment holds.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from typing import Any

from tests.bench.peer_vedette import Vedette


def main() -> None:
    """Measure once."""
    options = _options()
    sys.path.insert(0, options.rig)
    lib: Any = importlib.import_module("lib")
    with lib.lock():
        peer = Vedette(lib.url, f"http://127.0.0.1:{lib.SINK_PORT}/vedette")
        target, sink = lib.Target(), lib.Sink()
        target.start()
        sink.start()
        try:
            count = int(options.rate * options.interval)
            peer.start(count, options.interval, options.scheme)
            time.sleep(options.interval * 1.1 + 5)
            COMMANDS[options.command](lib, peer, target, sink, count, options)
        finally:
            peer.stop()
            target.stop()
            sink.stop()


def _steady(
    lib: Any, peer: Vedette, target: Any, _sink: Any, count: int, options: argparse.Namespace
) -> None:
    window = lib.window(
        peer.name,
        target,
        peer.pids(),
        count,
        options.interval,
        options.window,
        datadir=peer.datadir(),
    )
    wanted = {"rate_wanted": options.rate, "scheme": options.scheme}
    lib.save("steady", window | wanted | {"probers": os.environ.get("VEDETTE_UP_PROBERS", "0")})


def _alert(
    lib: Any, peer: Vedette, target: Any, sink: Any, count: int, options: argparse.Namespace
) -> None:
    figures = lib.alert_test(
        target, sink, count, options.interval, options.outages, 1, peer.parse, peer.name, settle=0
    )
    lib.save("alert", figures)


COMMANDS = {"steady": _steady, "alert": _alert}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rig", help="the folder of the rig's modules")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--interval", type=int, default=60)
    parser.add_argument("--window", type=float, default=120)
    parser.add_argument("--scheme", choices=["http", "rsa", "ec"], default="http")
    parser.add_argument("--outages", type=int, default=60)
    return parser.parse_args()


if __name__ == "__main__":
    main()
