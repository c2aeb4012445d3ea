"""`python -m vedette.scheduler`."""

import sys

from vedette.runtime.launch import launch
from vedette.scheduler.service import running
from vedette.scheduler.settings import SchedulerSettings

if __name__ == "__main__":
    sys.exit(launch("scheduler", SchedulerSettings, running))
