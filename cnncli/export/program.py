"""predict.py: a short program that classifies images with an exported network, and holds only what its run needs."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import string
import textwrap
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from cnncli.data.decode.input_format import InputFormat
from cnncli.export.description import PROGRAM

_DRAFT = """\
    if picture.format == "JPEG":  # a large one is decoded smaller, as it was for the training
        sides = (HEIGHT, WIDTH) if picture.getexif().get(0x0112) in (5, 6, 7, 8) else (WIDTH, HEIGHT)
        fits = [all(a % s == 0 and a >= 2 * s * b for a, b in zip(picture.size, sides)) * s for s in (1, 2, 4, 8)]
        picture.draft(None, [side // max(1, *fits) for side in picture.size])
"""
_SRGB = """\
    if profile := picture.info.get("icc_profile"):
        mode, srgb = "RGBA" if picture.mode == "RGBA" else "RGB", ImageCms.createProfile("sRGB")
        picture = ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode=mode)
"""
_SIXTEEN = """\
    if picture.format == "PNG" and picture.tile[0].args in ("RGB;16B", "RGBA;16B"):  # of 16 bits Pillow reads 8
        low = Image.open(path)
        low.tile = [low.tile[0]._replace(args=low.tile[0].args.replace("16B", "16L"))]
        high, low = (np.asarray(ImageOps.exif_transpose(half), np.float64) for half in (picture, low))
        values, opaque = (256 * high + low)[:, :, :3] * (255 / $white), (high * 256 + low)[:, :, 3:] / 65535
        picture = Image.fromarray(np.rint(255 + (values - 255) * opaque if opaque.any() else values).astype(np.uint8))
"""
_LEVELS = """\
    if picture.mode.startswith("I"):
        picture = Image.fromarray(np.rint(np.asarray(picture) * (255 / $white)).clip(0, 255).astype(np.uint8))
"""
_DARK = """\
    picture = picture if picture.mode[0] in "IL" else picture.convert("RGB")
    picture = Image.fromarray(np.rint(np.asarray(picture) * (255 / $white)).clip(0, 255).astype(np.uint8))
"""
_RESIZE = {
    "stretch": "picture = picture.resize((WIDTH, HEIGHT), Image.Resampling.$filter)",
    "crop": "picture = ImageOps.fit(picture, (WIDTH, HEIGHT), Image.Resampling.$filter)",
    "pad": """\
scale = min(HEIGHT / picture.height, WIDTH / picture.width)
fitted = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.Resampling.$filter)
picture = Image.new(picture.mode, (WIDTH, HEIGHT))
picture.paste(fitted, ((WIDTH - fitted.width) // 2, (HEIGHT - fitted.height) // 2))""",
}
_FILTERS = {"area": "BOX"}


class Runtime(NamedTuple):
    """The lines of predict.py that are of one format.

    Args:
        imports: Its import.
        load: Loads the file `MODEL["file"]` beside it.
        classify: The body of `classify(pixels)`.
    """

    imports: str
    load: str
    classify: str


def program(runtime: Runtime, needs: tuple[str, ...], image: InputFormat) -> str:
    """The text of predict.py for a network that takes images of a format."""
    white = min(image.white or 65535, 65535)
    is_srgb, sixteen = image.icc == "srgb", string.Template(_SIXTEEN).substitute(white=f"{white:g}")
    resize = string.Template(_RESIZE[image.resize]).substitute(
        filter=_FILTERS.get(image.interpolation, image.interpolation.upper())
    )
    template = files("cnncli.export").joinpath("predict.py.txt").read_text(encoding="utf-8")
    return string.Template(template).substitute(
        needs=" and ".join(needs),
        imports=runtime.imports,
        standard="import io\nimport json" if is_srgb else "import json",
        pillow="Image, ImageCms, ImageOps" if is_srgb else "Image, ImageOps",
        load=runtime.load,
        classify=textwrap.indent(runtime.classify, "    "),
        before=("" if image.interpolation == "nearest" else _DRAFT) + sixteen,
        profile=_SRGB if is_srgb else "",
        levels=string.Template(_DARK if white < 255 else _LEVELS).substitute(white=f"{white:g}"),
        resize=textwrap.indent(resize, "    "),
    )


def opened(folder: Path) -> ModuleType:
    """Runs predict.py of an exported network as a module; it loads the network and has `read` and `classify`."""
    loader = _Uncached("cnncli_exported", str(folder / PROGRAM))
    described = importlib.util.spec_from_loader(loader.name, loader)
    assert described is not None
    module = importlib.util.module_from_spec(described)
    loader.exec_module(module)
    return module


class _Uncached(importlib.machinery.SourceFileLoader):
    """Leaves no compiled file in the export."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Writes nothing."""
