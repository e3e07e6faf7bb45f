"""An open-loop load client: every request is sent at its own time, whatever happened to the ones before it.

A closed loop waits for an answer before it sends again, so it slows down with the server and never shows what an
overload does to people. Latency counts from the moment at which a request was meant to be sent (Gil Tene,
"How NOT to measure latency"), and a client that itself fell behind says so.
"""
