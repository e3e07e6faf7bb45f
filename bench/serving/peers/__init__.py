"""Programs that a user of each peer would write; each runs in its own environment and imports nothing of ours."""
