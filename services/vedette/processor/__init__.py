"""The processor: persists results, judges them, and says when a monitor's state changes."""
