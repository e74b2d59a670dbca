"""Trains, evaluates and predicts. Returns records; prints nothing. Importing this room starts TensorFlow, quietly."""

from cnncli.factory.startup import start_tensorflow

start_tensorflow()
