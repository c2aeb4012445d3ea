"""`python -m vedette.gateway`: the gateway as a process of its own."""

import sys

from vedette.gateway.service import running
from vedette.gateway.settings import GatewaySettings
from vedette.runtime.launch import launch

if __name__ == "__main__":
    sys.exit(launch("gateway", GatewaySettings, running, admin=False))
