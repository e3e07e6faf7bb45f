"""What any controller needs and no pool: API client, work queue, lease, event recorder, ticker.

Nothing in here imports from the rooms of the pool; a reader who knows client-go will find its
vocabulary, semantics and metric names.
"""
