"""Parked messages: kept in the database, put back on request."""
