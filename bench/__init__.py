"""Measures Tocsin against its budgets, and beside its peers in the same run: `make bench`.

Start at `__main__.py`, then read one file of `scenarios/` from top to bottom. The product is
reached as anybody reaches it: commands, HTTP and signals.
"""
