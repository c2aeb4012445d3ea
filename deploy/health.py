"""Docker's health check: whether this container's service answers /health."""

import os
import sys
from urllib.request import urlopen

variable = "VEDETTE_HTTP" if os.environ["SERVICE"] == "gateway" else "VEDETTE_ADMIN_HTTP"
port = os.environ[variable].rpartition(":")[2]
with urlopen(f"http://127.0.0.1:{port}/health", timeout=3) as answer:
    sys.exit(answer.status != 200)
