"""The arithmetic of a network: shapes, parameters, multiply-adds, activation memory and receptive fields of its layers.

Keras computes all of it too, but takes seconds to start. A shape that only Keras can tell is None here, and so is
every shape that depends on it.
"""
