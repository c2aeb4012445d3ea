"""DNS for the probe: the query, its ways to a server, the answer, and what is expected of it."""
