"""Metrics, logs and the HTTP port for both. A leaf: imports nothing from the other rooms."""
