"""The model of a run: built, given its first weights, checked against the memory."""
