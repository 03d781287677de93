"""Who watches the watcher: how this installation stands, for Prometheus, people and a heartbeat."""
