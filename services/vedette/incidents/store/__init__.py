"""The incidents service's SQL."""
