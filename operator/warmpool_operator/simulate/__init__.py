"""Replays traffic against a pool that does not exist, through the very decision that runs a real one.

A discrete-event simulation of clients, pods and an autoscaler. Pure: no clock, no network, and no chance but that
of a seed, so a run can be repeated bit by bit. Times are integer milliseconds since the start of the run. What is
left out: the time on the wire, the cost of refusing, and pods that slow each other down; all three are in measured
distributions of start-up and service only as far as they were there when these were measured.
"""
