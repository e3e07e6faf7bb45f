"""A single-node Kubernetes from Go modules and Debian packages, for machines without a container registry."""
