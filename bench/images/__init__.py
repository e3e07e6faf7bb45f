"""What the images weigh, and how long they take to start."""
