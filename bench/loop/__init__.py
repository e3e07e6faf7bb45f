"""What the control loop costs and how fast it is: one decision, one tick of a full cluster, demand to write."""
