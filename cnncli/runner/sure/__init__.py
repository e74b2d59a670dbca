"""How far to trust the answers of a run: sets of classes, and doubts."""
