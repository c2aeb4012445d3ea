"""What the notifier keeps: deliveries. One method, one query."""
