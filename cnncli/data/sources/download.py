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

from cnncli.errors import DataError, ResourceError

TIMEOUT = 30.0
"""Seconds without a byte from the server after which a download is given up."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server, and its place in the cache.

    Args:
        url: where it comes from.
        place: where it is kept, below the cache folder.
        sha256: of its contents, in hexadecimal.
        size: in bytes.
    """

    url: str
    place: str
    sha256: str
    size: int


def cache_folder() -> Path:
    """The folder that Keras caches in: `$KERAS_HOME`, or `~/.keras`.

    Unlike Keras, which turns to `/tmp` when that folder cannot be written to: anybody could put files there.
    """
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def fetch(files: Sequence[RemoteFile], notice: Callable[[str], None] | None = None) -> list[Path]:
    """Have these files in the cache, downloading those that are missing or damaged.

    A file appears under its name only when it is complete and its SHA-256 is right; until then what is in the cache
    stays as it is.

    Args:
        files: all that belong together, so that an error can list every one that is missing.
        notice: is told of each download before it starts.

    Returns:
        The path of each file, in the same order.

    Raises:
        DataError: when a file cannot be downloaded, or is not what it should be.
        ResourceError: when the cache cannot be written to.
    """
    folder = cache_folder()
    missing = [file for file in files if not _is_good(folder / file.place, file)]
    for position, file in enumerate(missing):
        try:
            _download(file, folder / file.place, notice)
        except DataError as error:
            raise DataError(error.message, _advice(missing[position:], folder)) from error
    return [folder / file.place for file in files]


def _is_good(path: Path, file: RemoteFile) -> bool:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _advice(files: Sequence[RemoteFile], folder: Path) -> str:
    steps = "".join(f"\n  {file.url}\n    as {folder / file.place}\n    SHA-256 {file.sha256}" for file in files)
    return f"where there is no internet, fetch elsewhere and put{steps}\nor train on image files of your own"


def _download(file: RemoteFile, target: Path, notice: Callable[[str], None] | None) -> None:
    if notice:
        again = "what is in the cache is damaged; " if target.exists() else ""
        notice(f"{again}downloading {file.url} ({size_text(file.size)})")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # of the same folder, so that the rename is atomic
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with part.open("wb") as stream:
            for chunk in _chunks(file):
                digest.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        if digest.hexdigest() != file.sha256:
            raise DataError(
                f"what {file.url} sent is not the expected file: its SHA-256 is {digest.hexdigest()}, not {file.sha256}"
            )
        part.replace(target)
    except OSError as error:
        raise ResourceError(
            f"{target} cannot be written: {error.strerror}", "set KERAS_HOME to a folder with room that is yours"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # the folder may not be there either
            part.unlink(missing_ok=True)


def _chunks(file: RemoteFile) -> Iterator[bytes]:
    """The bytes of a file on a server. All network errors become DataErrors here, and nothing else does."""
    received = 0
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as response:
            while chunk := response.read(_CHUNK):
                received += len(chunk)
                if received > file.size:
                    raise DataError(f"{file.url} sent more than the expected {file.size:,} bytes")
                yield chunk
    except urllib.error.HTTPError as error:
        raise DataError(
            f"{file.url} could not be downloaded: the server answered {error.code} {error.reason}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{file.url} could not be reached: {reason}") from error
    if received < file.size:
        raise DataError(f"{file.url} was cut off after {received:,} of {file.size:,} bytes")


def size_text(size: int) -> str:
    """A number of bytes as people say it: `170 MB`."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
