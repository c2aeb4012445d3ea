"""A process's life: its settings, what it opens, its background work, its end."""
