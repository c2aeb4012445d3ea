"""`vedette dead`: parked messages, listed, shown, put back and dropped."""
