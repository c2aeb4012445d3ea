"""Incidents: opened when a monitor goes down, resolved when it is back."""
