"""Files from the internet that are kept in Keras' cache folder: fetched once, checked always."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.errors import DataError, ResourceError
from cnncli.wording import size_text

TIMEOUT = 30.0
"""Seconds without a byte from the server after which a download is given up."""

MOST_BYTES = 4 << 30
"""Of a file whose size nobody tells."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server, and its place below the cache folder.

    Args:
        sha256: of its contents, in hexadecimal; empty where only `md5` is known, or nothing.
        size: Size in bytes; 0 where it is not known.
    """

    url: str
    place: str
    sha256: str = ""
    size: int = 0
    md5: str = ""

    @property
    def hash(self) -> tuple[str, str]:
        """The algorithm, and what it must come to; empty when nothing is known."""
        return ("MD5", self.md5) if self.md5 and not self.sha256 else ("SHA-256", self.sha256)


def download_dir() -> Path:
    """The folder that Keras caches in, `$KERAS_HOME` or `~/.keras`; never `/tmp`, where anybody could put files."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def fetch(
    files: Sequence[RemoteFile],
    notice: Callable[[str], None] | None = None,
    otherwise: str = "train on image files of your own",
) -> list[Path]:
    """Ensures that these files are in the cache, downloading those that are missing or damaged.

    A file appears under its name only when it is complete and its hash is right; until then what is in the cache
    stays as it is.

    Args:
        files: All that belong together, so that an error can list every one that is missing.
        notice: Receives a line before each download.
        otherwise: Alternative to propose when there is no internet.

    Returns:
        The path of each file, in the same order.

    Raises:
        DataError: A file cannot be downloaded, or is not what it should be.
        ResourceError: The cache cannot be written to.
    """
    folder = download_dir()
    missing = [file for file in files if not _is_good(folder / file.place, file)]
    for position, file in enumerate(missing):
        try:
            _download(file, folder / file.place, notice)
        except DataError as error:
            raise DataError(error.message, _advice(missing[position:], folder, otherwise)) from error
    return [folder / file.place for file in files]


def _is_good(path: Path, file: RemoteFile) -> bool:
    try:
        with path.open("rb") as stream:
            expected = file.hash[1]
            return not expected or hashlib.file_digest(stream, lambda: _new_hash(file)).hexdigest() == expected
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _new_hash(file: RemoteFile) -> Any:
    return hashlib.new(file.hash[0].replace("-", "").lower(), usedforsecurity=False)


def _advice(files: Sequence[RemoteFile], folder: Path, otherwise: str) -> str:
    def step(file: RemoteFile) -> str:
        check = f"\n    {' '.join(file.hash)}" if file.hash[1] else ""
        return f"\n  {file.url}\n    as {folder / file.place}{check}"

    return f"where there is no internet, fetch elsewhere and put{''.join(map(step, files))}\nor {otherwise}"


def _download(file: RemoteFile, target: Path, notice: Callable[[str], None] | None) -> None:
    if notice:
        again = "what is in the cache is damaged; " if target.exists() else ""
        size = f" ({size_text(file.size)})" if file.size else ""
        notice(f"{again}downloading {file.url}{size}")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # of the same folder, so that the rename is atomic
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = _new_hash(file)
        with part.open("wb") as stream:
            for chunk in _chunks(file):
                digest.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        algorithm, expected = file.hash
        if expected and digest.hexdigest() != expected:
            message = f"its {algorithm} is {digest.hexdigest()}, not {expected}"
            raise DataError(f"what {file.url} sent is not the expected file: {message}")
        part.replace(target)
    except OSError as error:
        raise ResourceError(
            f"{target} cannot be written: {error.strerror}", "set KERAS_HOME to a folder of yours with enough space"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # the folder may not be there either
            part.unlink(missing_ok=True)


def _chunks(file: RemoteFile) -> Iterator[bytes]:
    """The bytes of a file on a server. All network errors become DataErrors here, and nothing else does."""
    received, size = 0, file.size
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as response:
            size = size or int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(_CHUNK):
                received += len(chunk)
                if received > (size or MOST_BYTES):
                    raise DataError(f"{file.url} sent more than the expected {size or MOST_BYTES:,} bytes")
                yield chunk
    except urllib.error.HTTPError as error:
        raise DataError(
            f"{file.url} could not be downloaded: the server answered {error.code} {error.reason}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{file.url} could not be reached: {reason}") from error
    if received < size:
        raise DataError(f"{file.url} was cut off after {received:,} of {size:,} bytes")
