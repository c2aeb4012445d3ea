"""Settings of the scheduler."""

from vedette.runtime.settings import StoreSettings


class SchedulerSettings(StoreSettings):
    """Nothing of its own: slots follow from the monitors, leases share themselves out."""
