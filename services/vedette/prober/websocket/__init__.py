"""WebSockets for the probe: the upgrade, and messages over it. The protocol is websockets'."""
