"""gRPC for the probe: the two messages of its health protocol, and its codes. Pure."""
