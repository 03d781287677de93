"""Stored templates: changed, compiled once, previewed, and what becomes of their faults."""
