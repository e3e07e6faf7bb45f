"""Where weights come from, and how a model becomes a bundle."""
