"""Answering for pools without a warm pod: who is told to come back, when, and what that means as demand."""
