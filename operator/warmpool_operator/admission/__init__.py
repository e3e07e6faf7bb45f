"""How much traffic. Pure: capacity in request slots to ingress limits, one file per dialect."""
