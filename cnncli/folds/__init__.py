"""Training with folds: a group of runs that together test every image once."""
