"""Settings of the scheduler."""

from vedette.runtime.settings import KeyedSettings


class SchedulerSettings(KeyedSettings):
    """Nothing of its own: slots follow from the monitors, leases share themselves out."""
