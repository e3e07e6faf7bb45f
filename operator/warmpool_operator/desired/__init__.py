"""Spec and decision to manifests. Pure builders: a pool in, a dict for server-side apply out.

No builder writes `spec.replicas`: whoever applied it once and left it out later resets it to 1
(kubernetes/kubernetes#67135), so replicas change through `/scale` alone.
"""
