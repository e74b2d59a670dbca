"""model.json: what an exported network expects and what it was made with, in words and numbers that are exact."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cnncli import __version__
from cnncli.catalog.export_formats import ExportFormat
from cnncli.data.decode.input_format import InputFormat
from cnncli.export.network import IMAGE, PROBABILITIES

BOUND = 1e-5
"""Largest difference of a probability that counts as none, whatever the network's own rounding."""

DESCRIPTION, CHECK, PROGRAM = "model.json", "check.json", "predict.py"
"""Files beside the network."""

_RESIZING = {
    "stretch": "to the height and width, whatever the proportions",
    "crop": "with its proportions until it covers the height and width; what hangs over is cut off on both sides",
    "pad": "with its proportions until it fits into the height and width, and laid on black, centred",
}
_INTERPOLATION = {
    "nearest": "nearest pixel",
    "bilinear": "Pillow's BILINEAR, which averages over all pixels that fall into one",
    "bicubic": "Pillow's BICUBIC, which averages over all pixels that fall into one",
    "lanczos": "Pillow's LANCZOS, which averages over all pixels that fall into one",
    "area": "Pillow's BOX, which averages over all pixels that fall into one",
}


def description(
    form: ExportFormat, name: str, classes: Sequence[str], image: InputFormat, int8: bool
) -> dict[str, Any]:
    """The contents of model.json.

    Args:
        form: Format of the file.
        name: Name of the spec.
        classes: Names of the classes in the order of the probabilities.
        image: How image files become pixels.
        int8: Whether the network computes in whole numbers of 8 bits.
    """
    made_with = ("tensorflow", "keras", *(package.replace("_", "-") for package in form.imports))
    return {
        "name": name,
        "format": form.name,
        "file": form.file,
        "computes_in": "int8" if int8 else "float32",
        "classes": list(classes),
        "image": {
            "input": IMAGE,
            "shape": ["images", *image.shape],
            "height": image.height,
            "width": image.width,
            "channels": image.channels,
            "colors": "grey, ITU-R 601" if image.channels == 1 else "red, green, blue",
            "dtype": "float32",
            "black": 0,
            "white": 255,
            "white_of_files": image.white or "the largest value of each format",
            "color_profiles": "converted to sRGB" if image.icc == "srgb" else "ignored",
            "transparency": "laid on white",
            "orientation": "upright, as EXIF says",
            "resize": image.resize,
            "resizing": _RESIZING[image.resize],
            "interpolation": image.interpolation,
            "interpolating": _INTERPOLATION[image.interpolation],
            "large_jpegs": "decoded at 1/2, 1/4 or 1/8 where that divides both sides and leaves twice the size or more",
        },
        "output": {"name": PROBABILITIES, "shape": ["images", len(classes)], "dtype": "float32"},
        "versions": {"cnncli": __version__, **{package: version(package) for package in made_with}},
    }


def size(folder: Path) -> int:
    """Bytes of the network in the folder of an export."""
    others = (DESCRIPTION, CHECK, PROGRAM)
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name not in others)
