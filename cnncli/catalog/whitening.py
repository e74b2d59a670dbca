"""The arguments of the initializer `Whitening`, which Keras does not have, and what they mean."""

from __future__ import annotations

from typing import Any

NAME = "Whitening"

WHITENING: dict[str, Any] = {"epsilon": 0.0005}

WHITENING_WORDS = """Filters that make the pixels under them uncorrelated, computed from training images.

Args:
    epsilon: what is added to every variance, so that directions in which images hardly differ are not magnified.
"""
