"""What goes wrong with the embedded PostgreSQL, in words for the person who started it."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run; the message says why and what to do."""
