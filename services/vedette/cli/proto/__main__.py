"""`python -m vedette.cli.proto [--check]`: write proto/ and pages of docs/, or compare them."""

import argparse
import sys
from pathlib import Path

from vedette.cli.proto.files import drifted, write

_ROOT = Path(__file__).parents[4]


def main() -> int:
    """The exit code is 1 when `--check` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m vedette.cli.proto")
    parser.add_argument("--check", action="store_true", help="write nothing, name what differs")
    if not parser.parse_args().check:
        write(_ROOT)
        return 0
    found = drifted(_ROOT)
    for path in found:
        sys.stderr.write(f"{path} is not what the code says\n")
    if found:
        sys.stderr.write("run ./task proto\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
