"""What can be known of a training before it begins: what it takes, and whether its network can learn at all.

Nothing in here leaves a trace: no run, and nothing in the cache.
"""
