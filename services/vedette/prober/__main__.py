"""`python -m vedette.prober`: a prober in a process of its own."""

import sys

from vedette.prober.service import running
from vedette.prober.settings import ProberSettings
from vedette.runtime.launch import launch

if __name__ == "__main__":
    sys.exit(launch("prober", ProberSettings, running))
