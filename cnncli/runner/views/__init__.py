"""Test-time augmentation: the views of an image that a run allows, and what they bring."""
