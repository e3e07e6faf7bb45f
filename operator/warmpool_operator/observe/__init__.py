"""What is: the pods and children of every pool, and what the pods say of their load. Decides nothing."""
