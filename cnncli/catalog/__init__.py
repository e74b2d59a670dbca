"""The closed catalogue of Keras names that a spec may use, and what their arguments may be.

Everything is read from the installed Keras' source, so nothing here imports Keras or TensorFlow.
"""

from cnncli.catalog.entries import Entry, parse
from cnncli.catalog.names import FAMILIES
from cnncli.catalog.source import Argument, as_yaml, docstring, first_line, signature
from cnncli.catalog.spelling import WORDS, members, resolve, spellings

__all__ = [
    "FAMILIES",
    "WORDS",
    "Argument",
    "Entry",
    "as_yaml",
    "docstring",
    "first_line",
    "members",
    "parse",
    "resolve",
    "signature",
    "spellings",
]
