"""The REST API's place among the URLs."""
