"""Registrations of domains: asked for over RDAP or WHOIS, and kept for an hour."""
