"""Ports for servers that tests start, by which no two of them meet: the benchmark's."""

from bench.ports import can_listen, free_port

__all__ = ["can_listen", "free_port"]
