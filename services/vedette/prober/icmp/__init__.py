"""ICMP for the probe: packets, the sockets all checks share, and what a series of echoes says."""
