"""What the control loop costs, how fast it is, and what it never loses; in parts that can be run one by one."""
