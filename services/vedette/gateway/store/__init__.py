"""The gateway's queries: one function, one query, each scoped to a workspace."""
