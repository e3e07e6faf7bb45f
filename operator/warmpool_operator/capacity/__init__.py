"""How many pods. Pure and integer: gets `now`, returns a decision that explains itself.

Times are integer milliseconds since the epoch, counts are requests or pods; no float takes part, so a decision
can be repeated bit by bit from its record.
"""
