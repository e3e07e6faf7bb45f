"""Who decides how many pods there are: warmpool itself, and models of what people would pick instead."""
