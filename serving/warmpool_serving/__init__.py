"""A model server that says ready only when it answers right, and refuses what it cannot finish in time.

Importing this package imports nothing heavy: imports are most of a cold start, so every module
below names what it needs where it needs it, and the admin port listens before the first of them.
"""

__version__ = "0.1.0"
