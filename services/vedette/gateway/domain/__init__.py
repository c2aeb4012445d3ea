"""What the gateway decides by itself: pure, without I/O and without a clock."""
