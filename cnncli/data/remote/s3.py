"""Objects in buckets of S3, read through botocore's own client: the quickest way for small ones."""

from __future__ import annotations

import contextlib
import errno
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

from cnncli.data.remote.objects import ObjectChanged, RemoteFile

_CONNECTIONS = 64
"""More than the threads that ask at a time; a connection that finds no place is made anew for each request."""

_PART, _PARTS = 8 << 20, 4
"""Bytes of a part of a large object, and how many are fetched at a time: one connection alone fills no fast line."""

_GONE, _REFUSED, _CHANGED = (404, 410), (401, 403), 412


class S3Objects:
    """The objects of all buckets that the credentials of AWS' own tools open; public ones where there are none."""

    def __init__(self) -> None:
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.session import Session

        session = Session()
        once_more = {"mode": "standard", "total_max_attempts": 2}  # whoever asks has patience of his own
        config = Config(max_pool_connections=_CONNECTIONS, connect_timeout=10, read_timeout=30, retries=once_more)
        if session.get_credentials() is None:
            config = config.merge(Config(signature_version=UNSIGNED))
        self._client = session.create_client("s3", config=config)

    def listed(self, root: str) -> dict[str, RemoteFile]:
        """Every object below a path by its name relative to it, or the one of this name."""
        bucket, _, name = root.partition("/")
        prefix, files = f"{name}/" if name else "", dict[str, RemoteFile]()
        with _translated(root):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):  # what programs write to stand for a folder
                        file = RemoteFile(f"{bucket}/{entry['Key']}", entry["Size"], entry["ETag"].strip('"'))
                        files[entry["Key"].removeprefix(prefix)] = file
        if not files and name:
            with contextlib.suppress(FileNotFoundError):
                files[name.rpartition("/")[2]] = self.info(root)
        return files

    def info(self, path: str) -> RemoteFile:
        """What the server says of an object now."""
        with _translated(path):
            answer = self._client.head_object(**_named(path))
        return RemoteFile(path, answer["ContentLength"], answer["ETag"].strip('"'))

    def read(self, path: str, start: int = 0, stop: int | None = None, mark: str = "") -> bytes:
        """The bytes of an object from `start` to before `stop`, or its end, if it is still the version `mark`."""
        wanted = _named(path)
        if start or stop is not None:
            wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if mark:
            wanted["IfMatch"] = f'"{mark}"'
        with _translated(path):
            content: bytes = self._client.get_object(**wanted)["Body"].read()
        return content

    def copy(self, file: RemoteFile, place: Path) -> None:
        """Writes an object to a place on a disk, a large one in several parts at a time."""
        size = file.size or 0
        if size <= _PART:
            place.write_bytes(self.read(file.path, mark=file.mark))
            return
        with place.open("wb") as written, ThreadPoolExecutor(_PARTS) as pool:
            starts = range(0, size, _PART)
            for at in range(0, len(starts), _PARTS):
                parts = pool.map(
                    lambda start: self.read(file.path, start, min(start + _PART, size), file.mark),
                    starts[at : at + _PARTS],
                )
                for part in parts:
                    written.write(part)


def _named(path: str) -> dict[str, str]:
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key}


@contextlib.contextmanager
def _translated(path: str) -> Iterator[None]:
    """Inside, botocore's errors become Python's; those of settings stay what they are."""
    from botocore.exceptions import (
        ClientError,
        ConnectionError as NoConnection,
        HTTPClientError,
        IncompleteReadError,
        SSLError,
    )

    try:
        yield
    except ClientError as error:
        _raise(error, f"s3://{path}")
    except SSLError as error:
        kind = ssl.SSLCertVerificationError if "CERTIFICATE_VERIFY_FAILED" in str(error) else OSError
        raise kind(errno.EIO, str(error)) from error
    except (NoConnection, HTTPClientError, IncompleteReadError) as error:
        raise OSError(errno.EIO, str(error)) from error


def _raise(error: Any, address: str) -> NoReturn:
    """Raises the answer of a server as an error of Python."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    said = str(error.response.get("Error", {}).get("Message") or error)
    if status in _GONE:
        raise FileNotFoundError(errno.ENOENT, said, address) from error
    if status in _REFUSED:
        raise PermissionError(errno.EACCES, said, address) from error
    if status == _CHANGED:
        raise ObjectChanged(errno.ESTALE, said, address) from error
    answer = OSError(errno.EIO, said)
    answer.status = status  # type: ignore[attr-defined]
    answer.headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders")  # type: ignore[attr-defined]
    raise answer from error
