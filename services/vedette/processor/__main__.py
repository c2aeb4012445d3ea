"""`python -m vedette.processor`."""

import sys

from vedette.processor.service import running
from vedette.processor.settings import ProcessorSettings
from vedette.runtime.launch import launch

if __name__ == "__main__":
    sys.exit(launch("processor", ProcessorSettings, running))
