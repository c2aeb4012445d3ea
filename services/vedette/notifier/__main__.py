"""The notifier as a process of its own."""

import sys

from vedette.notifier.service import running
from vedette.notifier.settings import NotifierSettings
from vedette.runtime.launch import launch

if __name__ == "__main__":
    sys.exit(launch("notifier", NotifierSettings, running))
