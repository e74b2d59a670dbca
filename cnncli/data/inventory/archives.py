"""Archives as they are downloaded from tools: unpacked once, next to where they lie."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from cnncli.data.inventory.folder_inventory import PASSED_OVER, FolderInventory
from cnncli.errors import DataError, ResourceError
from cnncli.notices import Notice
from cnncli.wording import counted, in_shell, size_text

_ZIP = (".zip", ".tm")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError),
)

_USUAL, _TIMES = 1 << 30, 100
"""Up to this many bytes an archive may unpack to, or to this many times its own size: images hardly shrink."""


class _Member(NamedTuple):
    """A file in an archive: its path, its size in bytes, and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None]


def archive_name(path: Path) -> str | None:
    """The name of an archive without its suffix, which is that of the folder to unpack it into; None for no archive.

    Example:
        >>> archive_name(Path("photos.tar.gz")), archive_name(Path("photos.csv"))
        ('photos', None)
    """
    name = path.name.lower()
    suffix = next((suffix for suffix in (*_ZIP, *_TAR) if name.endswith(suffix) and name != suffix), None)
    return path.name[: -len(suffix)] if suffix and not path.is_dir() else None


def write_archive(archive: Path, folder: Path) -> None:
    """Writes the files of an archive into an empty folder; errors are those of `unpacked`."""
    try:
        if archive_name(archive) is None:
            raise DataError(f"{archive} is not an archive", "expected .zip, .tar or .tar.gz")
        _write(archive, folder)
    except _DAMAGED as error:
        raise _damaged(archive, error) from error


def unpacked(archive: Path, notice: Notice) -> Path:
    """The folder with the files of an archive, which is unpacked unless that was done before.

    Links, hidden files, and what systems put among files are left out. A folder that alone holds all the others stands
    for them.

    Args:
        archive: A ZIP or tar archive; it is not changed.
        notice: Receives a line about what was done.

    Raises:
        DataError: It is damaged, encrypted or suspicious, or there is another folder of its name.
        ResourceError: The disk is full or cannot be written to.
    """
    try:
        return _innermost(_unpacked(archive, archive.with_name(archive_name(archive) or ""), notice))
    except _DAMAGED as error:
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: BaseException) -> DataError:
    return DataError(f"{archive} cannot be unpacked: {error or 'it is damaged'}", "download it again")


def _unpacked(archive: Path, folder: Path, notice: Notice) -> Path:
    if folder.exists():
        if not all(_is_there(folder, member) for member in _members(archive)):
            raise DataError(
                f"{folder} is there already, and is not what {archive.name} holds", "rename it, or use it instead"
            )
        notice(f"{archive} is unpacked already, into {folder}")
        return folder
    unfinished = folder.with_name(f"{folder.name}.unpacking-{os.getpid()}")
    try:
        unfinished.mkdir()
        count, size = _write(archive, unfinished)
        unfinished.rename(folder)
    except gzip.BadGzipFile:
        raise
    except OSError as error:
        raise ResourceError(
            f"{archive} cannot be unpacked into {folder}: {error.strerror or error}",
            "unpack it in another place, and run `cnncli init` on the folder there",
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    notice(f"unpacked {counted(count, 'file')} of {archive}, {size_text(size)}, into {folder}")
    return folder


def refuse_archive(path: Path) -> None:
    """A DataError for an archive where a folder or table is expected."""
    if path.is_file() and archive_name(path):
        raise DataError(
            f"{path} is an archive, and nothing is read from inside", f"unpack it: cnncli init {in_shell(path)}"
        )


def _innermost(folder: Path) -> Path:
    contents = FolderInventory(folder, {})
    folders = contents.folders()
    return _innermost(folder / folders[0]) if len(folders) == 1 and not contents.files(nested=False) else folder


def _is_there(folder: Path, member: _Member) -> bool:
    file = folder / member.name
    return file.is_file() and file.stat().st_size == member.size


def _write(archive: Path, folder: Path) -> tuple[int, int]:
    """Writes the files of an archive; their number and their size together."""
    free, packed = shutil.disk_usage(folder).free, archive.stat().st_size
    count = size = 0
    for member in _members(archive):
        count, size = count + 1, size + member.size
        if size > max(_USUAL, _TIMES * packed):
            raise DataError(
                f"{archive} would unpack to more than {_TIMES} times its size, which archives of images never do",
                "if you trust it, unpack it yourself, and run `cnncli init` on the folder",
            )
        if size > free:
            raise ResourceError(
                f"{archive} does not fit on the disk: {size_text(free)} are free", "make room, or unpack it elsewhere"
            )
        file = folder / member.name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as target, member.open() or open(os.devnull, "rb") as source:  # noqa: PTH123
            shutil.copyfileobj(source, target)
    if not count:
        raise DataError(f"{archive} is empty", "download it again")
    return count, size


def _members(archive: Path) -> Iterator[_Member]:
    """The files to unpack, in order; a DataError when one points outside the folder."""
    is_zip = archive.name.lower().endswith(_ZIP)
    for name, size, start in _of_zip(archive) if is_zip else _of_tar(archive):
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise DataError(f"{archive} has a file that points outside its folder: {name}", "do not trust it")
        if not any(part.startswith(".") or part in PASSED_OVER for part in path.parts):
            yield _Member(str(path), size, start)


def _of_zip(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if entry.flag_bits & 1:
                raise DataError(f"{archive} is encrypted", "unpack it with its password, and name the folder")
            if not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16):
                yield _Member(_name_of(entry), entry.file_size, partial(opened.open, entry))


def _name_of(entry: zipfile.ZipInfo) -> str:
    """The name of a file; macOS writes UTF-8 without saying so, which `zipfile` reads as the code page of MS-DOS."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _of_tar(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as opened:
        for entry in opened:
            if entry.isfile():
                yield _Member(entry.name, entry.size, partial(opened.extractfile, entry))
        require_whole(opened)


def require_whole(archive: tarfile.TarFile) -> None:
    """A TarError unless what follows the last file is the end: `tarfile` takes a damaged or cut-off header for it."""
    assert archive.fileobj is not None
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError("it is damaged or incomplete")
