"""Errors, latency and pod-seconds in a burst: warmpool beside what people would pick instead."""
