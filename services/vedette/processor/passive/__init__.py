"""Monitors that are told how their target is: heartbeats, pushed results, groups."""
