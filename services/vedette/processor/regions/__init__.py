"""Own health: whether what the probers of a region say can be had, and can be trusted."""
