"""The arithmetic of a network: shapes, parameters, multiply-adds, activation memory and receptive fields of its layers.

Keras computes all of it too, but takes seconds to start. A shape that only Keras can tell is None here, and so is
every shape that depends on it.
"""

from __future__ import annotations

from cnncli.spec.shapes.network_shapes import NetworkShapes, Step, infer_shapes
from cnncli.spec.shapes.output_shape import merge_shape, output_shape
from cnncli.spec.shapes.parameters import parameters_of
from cnncli.spec.shapes.terms import Shape, ShapeError, pair, units_of, window_of

__all__ = [
    "NetworkShapes",
    "Shape",
    "ShapeError",
    "Step",
    "infer_shapes",
    "merge_shape",
    "output_shape",
    "pair",
    "parameters_of",
    "units_of",
    "window_of",
]
