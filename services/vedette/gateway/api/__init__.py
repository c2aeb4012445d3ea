"""The API: one file a resource, each with its handlers and its part of the table."""
