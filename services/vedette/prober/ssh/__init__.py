"""SSH for the probe, as far as to a proof of the host key (RFC 4253). Nothing is encrypted."""
