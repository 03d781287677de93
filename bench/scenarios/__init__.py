"""One file a scenario, each read from top to bottom; `run` gives its rows."""
