"""Trains, evaluates and predicts. Returns records; prints nothing."""
