"""A training: its session, loop, phases, checkpoints and outcome."""
