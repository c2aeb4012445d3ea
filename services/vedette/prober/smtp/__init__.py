"""SMTP for the probe: replies, and a session up to a recipient (RFC 5321)."""
