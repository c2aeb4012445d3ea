"""How Vedette watches itself: logs, traces, metrics, health."""
