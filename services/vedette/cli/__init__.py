"""The command `vedette`: the one place that knows every service, and runs them together."""
