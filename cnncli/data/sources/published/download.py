"""Files from the internet that are kept in Keras' cache folder: fetched once, checked always."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.errors import DataError, ResourceError
from cnncli.machine import create_folder, expanded
from cnncli.notices import Notice, ignore
from cnncli.wording import size_text

TIMEOUT = 30.0
"""Seconds without a byte from the server after which a download is given up."""

MOST_BYTES = 4 << 30
"""Of a file whose size nobody tells."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server, and its place below the cache folder.

    The digest is SHA-256 or MD5 in hexadecimal; it is empty, and the size in bytes 0, where they are not known.
    """

    url: str
    place: str
    digest: str = ""
    size: int = 0

    @property
    def algorithm(self) -> str:
        """The algorithm of the digest."""
        return "MD5" if len(self.digest) == 32 else "SHA-256"


def download_dir() -> Path:
    """The folder that Keras caches in, `$KERAS_HOME` or `~/.keras`; never `/tmp`, where anybody could put files."""
    return expanded(os.environ.get("KERAS_HOME") or "~/.keras")


def fetch(
    files: Sequence[RemoteFile],
    notice: Notice = ignore,
    otherwise: str = "train on image files of your own",
) -> list[Path]:
    """Ensures that these files are in the cache, and returns their paths; the missing and damaged ones are downloaded.

    A file appears under its name only when it is complete and its hash is right; until then what is in the cache
    stays as it is. `notice` receives a line before each download; `otherwise` is proposed when there is no internet.

    Raises:
        DataError: A file cannot be downloaded, or is not what it should be; the hint lists every one that is missing.
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
            return not file.digest or hashlib.file_digest(stream, lambda: _new_hash(file)).hexdigest() == file.digest
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _new_hash(file: RemoteFile) -> Any:
    return hashlib.new(file.algorithm.replace("-", "").lower(), usedforsecurity=False)


def _advice(files: Sequence[RemoteFile], folder: Path, otherwise: str) -> str:
    def step(file: RemoteFile) -> str:
        check = f"\n    {file.algorithm} {file.digest}" if file.digest else ""
        return f"\n  {file.url}\n    as {folder / file.place}{check}"

    return f"where there is no internet, fetch elsewhere and put{''.join(map(step, files))}\nor {otherwise}"


def _download(file: RemoteFile, target: Path, notice: Notice) -> None:
    again = "what is in the cache is damaged; " if target.exists() else ""
    size = f" ({size_text(file.size)})" if file.size else ""
    notice(f"{again}downloading {file.url}{size}")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # of the same folder, so that the rename is atomic
    try:
        create_folder(target.parent)
        digest = _new_hash(file)
        with part.open("wb") as stream:
            for chunk in _chunks(file):
                digest.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        if file.digest and digest.hexdigest() != file.digest:
            message = f"its {file.algorithm} is {digest.hexdigest()}, not {file.digest}"
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
