"""Where the steps of a training run, and the calls into TensorFlow that run many of them."""
