"""Silences, mute timings and inhibit rules: what is not told, and what then becomes due."""
