"""The images that a run is trained and measured on."""
