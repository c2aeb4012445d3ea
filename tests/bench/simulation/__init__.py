"""A discrete simulation of schedulers, queues, probers, processors and PostgreSQL."""
