"""The scheduler: turns monitors into due slots, and slots into job batches per region."""
