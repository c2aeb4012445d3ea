"""What the kinds that log in to a database have in common."""
