"""Private servers and helpers for tests: one file each, started by the test that needs them."""
