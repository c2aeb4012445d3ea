"""Settings of the incidents service."""

from vedette.runtime.settings import StoreSettings


class IncidentsSettings(StoreSettings):
    """Nothing of its own yet."""
