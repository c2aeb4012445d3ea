"""Connections for the probes that speak over TCP: addresses, sockets, TLS, and what went wrong.

Sockets are driven by hand and TLS is done in memory, so that a handshake that fails still shows
the alert or the certificate that it failed on, and nothing outlives a check.
"""
