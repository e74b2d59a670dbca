"""What HDF5 can do beyond arrays is refused by name, before a number is read."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from cnncli.factory import hdf5
from cnncli.factory.hdf5 import Array, Refused, contents_of

SECRET = b"the secret of another file"


def plain(file: h5py.File) -> None:
    file["layers/dense/vars/0"] = np.ones((3, 2), np.float32)
    file["layers/dense/vars/1"] = np.zeros(2, np.float32)
    file["layers/dense/vars"].attrs["name"] = "dense"


def test_arrays_are_listed_with_shape_and_type(tmp_path):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        plain(file)
        file["count"] = np.int64(7)
    expected = {"layers/dense/vars/0": Array((3, 2), "float32"), "layers/dense/vars/1": Array((2,), "float32")}
    assert contents_of(path) == expected | {"count": Array((), "int64")}


def external_array(file):
    other = Path(file.filename).with_name("secret.bin")
    other.write_bytes(SECRET)
    file.create_dataset("a", (len(SECRET),), "u1", external=[(str(other), 0, h5py.h5f.UNLIMITED)])


def virtual_array(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(Path(file.filename).with_name("other.h5")), "a", (4,))
    file.create_virtual_dataset("a", layout)


def compressed_bomb(file):
    file.create_dataset("a", (1 << 30,), "f4", chunks=(1 << 16,), compression="gzip")


def never_written(file):
    file.create_dataset("a", (1 << 40,), "f4")  # four terabytes in two kilobytes


def loop_of_groups(file):
    inner = file.create_group("a/b")
    inner["back"] = file["a"]


def two_names(file):
    """The two names double the paths at every depth: four kilobytes would fill the memory."""
    group = file.create_group("a")
    for number in range(2):
        group[f"{number}{'x' * 900}"] = group


def deep_groups(file):
    file.create_group("/".join(["deep"] * 201))


def many_groups(file):
    for number in range(40):
        file.create_group(f"g{number}")


HOSTILE = {
    "kept in another file": external_array,
    "put together from other files": virtual_array,
    "a compressed array": compressed_bomb,
    "larger than what is stored": never_written,
    "has a link at 'a/0'": lambda file: file.create_group("a").__setitem__("0", h5py.ExternalLink("x.h5", "/")),
    "has a link at 'b'": lambda file: file.__setitem__("b", h5py.SoftLink("/layers")),
    "more than 30 objects": many_groups,
    "a group at 'a/b/back' that has another name": loop_of_groups,
    "a group at 'a/0x": two_names,
    "a path of more than 1,000 characters, 'deep": deep_groups,
    "a path of more than 1,000 characters, 'xxx": lambda file: file.create_group("x" * 1001),
    "not an array": lambda file: file.__setitem__("a", np.dtype("f4")),
    "not of plain numbers": lambda file: file.__setitem__("a", "text"),
    "not of plain numbers ": lambda file: file.create_dataset("a", (2,), h5py.ref_dtype),
    "not of plain numbers  ": lambda file: file.create_dataset("a", data=np.zeros(2, "f4,f4")),
    "not of plain numbers   ": lambda file: file.create_dataset("a", data=np.ones(2)).attrs.update(dtype="bfloat16"),
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_what_is_more_than_an_array_is_refused(reason, tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "MAX_OBJECTS", 300 if "path" in reason else 30)
    path = tmp_path / "hostile.h5"
    with h5py.File(path, "w") as file:
        HOSTILE[reason](file)
    with pytest.raises(Refused, match=reason.strip()) as caught:
        contents_of(path)
    assert str(caught.value).isprintable()
    assert SECRET.decode() not in str(caught.value)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [(b"", "is empty"), (b"PK\x03\x04", "not an HDF5 file"), (b"\0" * 512 + hdf5.SIGNATURE, "not an HDF5 file"),
     (hdf5.SIGNATURE, "is damaged"), (hdf5.SIGNATURE + b"\xff" * 4096, "is damaged")],
)  # fmt: skip
def test_what_is_not_an_hdf5_file_is_reported(contents, reason, tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(contents)
    with pytest.raises(Refused, match=reason):
        contents_of(path)


def test_only_a_file_is_opened(tmp_path):
    target = tmp_path / "target.h5"
    with h5py.File(target, "w") as file:
        plain(file)
    (tmp_path / "link.h5").symlink_to(target)
    os.mkfifo(tmp_path / "fifo.h5")
    for name, reason in {
        "link.h5": "symbolic link",
        "fifo.h5": "not a file",
        ".": "not a file",
        "no": "No such",
    }.items():
        with pytest.raises(Refused, match=reason):
            contents_of(tmp_path / name)


def test_no_flipped_byte_does_more_than_be_refused_or_listed(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        plain(file)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[int(random.integers(len(whole)))] = int(random.integers(256))
        path.write_bytes(damaged)
        try:
            contents_of(path)
        except Refused:
            refused += 1
    assert refused
