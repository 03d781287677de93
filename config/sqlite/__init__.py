"""The embedded database's backend; Django looks for it in `base`."""

CACHE_KIB = 4_000
"""Of each connection: some twenty threads have one each, and the system's cache is not much
slower."""
