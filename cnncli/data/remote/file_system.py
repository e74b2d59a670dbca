"""Files of other servers, through fsspec: Google Cloud Storage, and single ones on web servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from cnncli.data.remote.objects import ObjectChanged, RemoteFile
from cnncli.errors import DataError


class FileSystem:
    """The files of a server whose protocol fsspec speaks.

    Args:
        system: Its file system.
    """

    def __init__(self, system: Any) -> None:
        self.system = system

    def listed(self, root: str) -> dict[str, RemoteFile]:
        """Every file below a path by its name relative to it, or the one file at the path."""
        if urlsplit(root).scheme in ("http", "https"):
            name = unquote(PurePosixPath(urlsplit(root).path).name)
            if not name:
                raise DataError("a web server lists no folders", "name a file there, such as https://…/photos.zip")
            return {name: self.info(root)}
        files = self.system.find(root, detail=True)
        if root in files:
            return {PurePosixPath(root).name: _file(root, files[root])}
        return {
            path.removeprefix(f"{root}/"): _file(path, info) for path, info in files.items() if not path.endswith("/")
        }

    def info(self, path: str) -> RemoteFile:
        """What the server says of a file now."""
        return _file(path, self.system.info(path))

    def read(self, path: str, start: int = 0, stop: int | None = None, mark: str = "") -> bytes:
        """The bytes of a file from `start` to before `stop`, or its end, if it is still the version `mark`."""
        content: bytes = self.system.cat_file(path, start or None, stop)
        if stop is not None and len(content) > stop - start:  # a web server may send all of it
            content = content[start:stop]
        if mark and self.info(path).mark != mark:
            raise ObjectChanged(path)
        return content

    def copy(self, file: RemoteFile, place: Path) -> None:
        """Writes a file to a place on a disk."""
        self.system.get_file(file.path, str(place))
        if file.mark and self.info(file.path).mark != file.mark:
            raise ObjectChanged(file.path)


def _file(path: str, info: Mapping[str, Any]) -> RemoteFile:
    marks = (info.get(name) for name in ("ETag", "etag", "md5Hash", "Last-Modified"))
    return RemoteFile(path, info.get("size"), str(next(filter(None, marks), "")).strip('"'))
