"""A server of objects in the memory of a test, which counts what it is asked for."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading

from PIL import Image

from cnncli.data.remote.objects import ObjectChanged, RemoteFile


def shard(first, count, classes=2, size=8):
    """A tar shard of PNGs, whose brightness is their number and whose class is the rest of its division."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for number in range(first, first + count):
            picture = io.BytesIO()
            Image.new("RGB", (size, size), (number % 256, number // 256, 7)).save(picture, "PNG")
            for suffix, content in (("png", picture.getvalue()), ("cls", str(number % classes).encode())):
                member = tarfile.TarInfo(f"{number:04}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class MemoryServer:
    """Objects by their paths; unless it `goes_on`, it sends nothing of those in `slow`, or of any."""

    def __init__(self, **contents):
        self.contents = {f"bucket/{name}": content for name, content in contents.items()}
        self.asked, self.error, self.goes_on, self.slow = [], None, threading.Event(), ()
        self.goes_on.set()

    def listed(self, root):
        return {path.removeprefix(f"{root}/"): self.info(path) for path in sorted(self.contents)}

    def info(self, path):
        return RemoteFile(path, len(self.contents[path]), hashlib.md5(self.contents[path]).hexdigest())

    def read(self, path, start=0, stop=None, mark=""):
        self.asked.append((path.rpartition("/")[2], start))
        if not self.slow or path.rpartition("/")[2] in self.slow:
            assert self.goes_on.wait(300)
        if self.error is not None:
            raise self.error
        if mark and self.info(path).mark != mark:
            raise ObjectChanged(path)
        return self.contents[path][start:stop]

    def copy(self, file, place):
        place.write_bytes(self.read(file.path, mark=file.mark))
