"""`warmpool`, the command line for people who run pools; installed as `kubectl-warmpool` too.

One file per command. Commands only read, so they need no more rights than `kubectl get`. Results go to standard
output, everything else to standard error. Exit codes are those of `exits.Exit`.
"""
