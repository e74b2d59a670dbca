"""Pictures of a run, one file each. Drawn without a display, on any thread that is the only one that draws."""
