"""HTTP for the probe: requests, redirects, one exchange by libcurl, and what went wrong."""
