"""The mark of fields that hold what is sent to a target.

They are shown to who reads a definition, and encrypted in the database as secrets are: a login
may be among what is said.
"""


class Sent:
    """Marks a field, as `Annotated[str, SENT]`."""


SENT = Sent()
