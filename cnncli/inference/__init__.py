"""Engines that compute the probabilities of images: the exports of a run, which start in a moment, or TensorFlow.

    engine = open_engine(run)
    pixels = read_image(path, run.input_format)  # cnncli.data.decode.image
    engine.probabilities(pixels[None])[0], run.class_names

open      which engines a run has
quickest  which of several gets how many images
exported  whether an export is whole, up to date and proved itself
engine    what all engines do
<name>    one engine
"""

from cnncli.inference.engine import Engine
from cnncli.inference.open import open_engine, open_quickest

__all__ = ["Engine", "open_engine", "open_quickest"]
