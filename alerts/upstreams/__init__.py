"""Integrations' Alertmanagers and Grafanas, whose silences and ours agree."""
