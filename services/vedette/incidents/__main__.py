"""`python -m vedette.incidents`."""

import sys

from vedette.incidents.service import running
from vedette.incidents.settings import IncidentsSettings
from vedette.runtime.launch import launch

if __name__ == "__main__":
    sys.exit(launch("incidents", IncidentsSettings, running))
