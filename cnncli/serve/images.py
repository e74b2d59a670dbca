"""The images in the body of a request, and the pixels in an image."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from email.message import Message
from typing import TYPE_CHECKING, NamedTuple

from cnncli.data.decode.cut_off import UnreadableImage
from cnncli.data.decode.image import read_sized_image
from cnncli.errors import DataError
from cnncli.serve.refusals import Refused

if TYPE_CHECKING:
    import numpy as np

    from cnncli.data.decode.input_format import InputFormat

_STATUS = {"too-many-pixels": 413, "not-an-image": 415, "format-not-read": 415}
"""Statuses for the codes of images that cannot be read; the others are damaged."""

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")


def images_in(body: bytes, content_type: str, most: int) -> Sequence[bytes]:
    """The files of the images in a request, in order.

    Args:
        body: The whole of it: one file; files as `multipart/form-data`; or `{"images": [BASE64, …]}` as JSON.
        content_type: Its header.
        most: How many there may be.

    Raises:
        Refused: It cannot be read, or has none or too many.
    """
    header = Message()
    header["content-type"] = content_type or "application/octet-stream"
    kind = header.get_content_type()
    if kind == "multipart/form-data":
        images: Sequence[bytes] = _parts(body, str(header.get_param("boundary", "")), most)
    elif kind == "application/json":
        images = _in_json(body, most)
    else:
        images = [body]
    if not images or images == [b""]:
        raise Refused(422, "the request has no image")
    return images


def _parts(body: bytes, boundary: str, most: int) -> Sequence[bytes]:
    """The contents of the parts of a multipart body (RFC 2046, section 5.1.1)."""
    if not _BOUNDARY.match(boundary):
        raise Refused(422, "the header Content-Type of multipart/form-data names no boundary")
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), most + 2)
    if len(parts) > most + 1:
        raise _too_many(most)
    if not parts or not parts[-1].startswith(b"--"):
        raise Refused(422, "the multipart body is cut off")
    contents: list[bytes] = []
    for part in parts[:-1]:
        padding, _, rest = part.partition(b"\r\n")
        _, gap, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
        if padding.strip(b" \t") or not gap:
            raise Refused(422, f"part {len(contents) + 1} of the multipart body has no headers")
        contents.append(content)
    return contents


def _in_json(body: bytes, most: int) -> Sequence[bytes]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(422, "the body is not JSON") from None
    texts = value.get("images") if isinstance(value, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused(422, 'expected {"images": [BASE64, …]}')
    if len(texts) > most:
        raise _too_many(most)
    images = []
    for number, text in enumerate(texts, 1):
        try:
            images.append(base64.b64decode(text, validate=True))
        except ValueError:
            raise Refused(422, f"image {number} is not base64") from None
    return images


def _too_many(most: int) -> Refused:
    return Refused(413, f"a request may have {most} images; send the others in another one")


class Unread(NamedTuple):
    """An image that is not in memory yet.

    Args:
        read: Gives its pixels, uint8 `(height, width, channels)`, as a network takes them; may raise `Refused`.
        size: Bytes of the file that is decoded for it.
    """

    read: Callable[[], np.ndarray]
    size: int = 0


def unread(files: Sequence[bytes], image_format: InputFormat) -> list[Unread]:
    """The images in files, each with its number in what is said of it if there are several."""
    names = ["the image"] if len(files) == 1 else [f"image {number}" for number in range(1, len(files) + 1)]
    return [
        Unread(lambda file=file, name=name: decoded(file, image_format, name)[0], len(file))  # type: ignore[misc]
        for file, name in zip(files, names, strict=True)
    ]


def decoded(file: bytes, image_format: InputFormat, name: str) -> tuple[np.ndarray, tuple[int, int]]:
    """The pixels of an image as a network takes them, and its own height and width, as `read_sized_image` gives them.

    Raises:
        Refused: It is not an image, of a format that is not read, too large, or damaged.
    """
    try:
        return read_sized_image(file, image_format, name)
    except DataError as error:
        code = error.code if isinstance(error, UnreadableImage) else ""
        raise Refused(_STATUS.get(code, 422), error.message) from None
    except MemoryError:
        raise Refused(413, f"{name} needs more memory than the server has") from None
