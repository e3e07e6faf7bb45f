"""What the limits at a real ingress-nginx are worth, in parts that can be run one by one."""
