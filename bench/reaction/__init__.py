"""How fast demand becomes writes: steps of one request each, on a real cluster."""
