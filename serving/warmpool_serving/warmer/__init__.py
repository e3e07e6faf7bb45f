"""A sidecar for servers of other makes: sends first requests, and says warm once they were answered."""
