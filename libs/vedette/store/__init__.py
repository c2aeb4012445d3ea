"""Everything services share about PostgreSQL and the cache. The SQL of a service is its own."""
