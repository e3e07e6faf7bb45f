"""All of warmpool in a few minutes: a cluster, the operator, a real model, a burst, and what became of it."""
