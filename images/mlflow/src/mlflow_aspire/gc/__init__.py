"""Garbage collection: removes permanently what users have deleted, with its artifacts."""
