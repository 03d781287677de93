"""Alertmanager's API v2, as its own programs and boards speak it (amtool, Karma, Grafana).

What is answered, and in which words, is Alertmanager 0.25's: api/v2/openapi.yaml, api/v2/api.go,
and what go-openapi's runtime makes of bad requests. tests/flows/test_alertmanager_api.py asks both.
"""
