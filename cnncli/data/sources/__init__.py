"""One file for each kind of place that images come from; each offers `load`, which returns `ImageData`."""
