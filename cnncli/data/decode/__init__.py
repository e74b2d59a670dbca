"""Image files → pixels."""
