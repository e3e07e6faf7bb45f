"""One level-triggered reconcile of a pool: read, decide, apply, report."""
