"""Archives of images: unpacked next to where they lie, and refused where they are damaged or point elsewhere."""

import io
import tarfile
import zipfile

import pytest
from picture_files import encoded, put

from cnncli.data.inventory import archives
from cnncli.data.inventory.archives import unpacked
from cnncli.data.quality.survey import survey
from cnncli.data.sources import load_images
from cnncli.errors import DataError, ResourceError

FILES = {"cat/1.png": encoded(10), "cat/2.png": encoded(20), "dog/1.png": encoded(30)}


def pack(file, files=None, wrap=""):
    files = {wrap + name: content for name, content in (FILES if files is None else files).items()}
    if file.suffix in (".zip", ".tm"):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return file
    with tarfile.open(file, f"w:{file.suffix[1:]}" if file.suffix in (".gz", ".xz") else "w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("name", ["photos.zip", "photos.tm", "photos.tar", "photos.tar.gz", "photos.tar.xz"])
@pytest.mark.parametrize("wrap", ["", "export-3/", "export-3/data/"])
def test_the_folder_has_the_files_of_the_archive(tmp_path, name, wrap):
    told = []
    folder = unpacked(pack(tmp_path / name, wrap=wrap), told.append)
    assert folder == tmp_path / "photos" / wrap
    assert names(folder) == sorted(FILES)
    assert (folder / "dog" / "1.png").read_bytes() == FILES["dog/1.png"]
    assert told[0].startswith(f"unpacked 3 files of {tmp_path / name}")
    assert unpacked(tmp_path / name, told.append) == folder
    assert told[1] == f"{tmp_path / name} is unpacked already, into {tmp_path / 'photos'}"
    assert {file.name for file in tmp_path.iterdir()} == {"photos", name}


def test_hidden_files_and_links_are_left_out(tmp_path):
    extra = {"__MACOSX/._1.png": b"", ".DS_Store": b"", "cat\\3.png": encoded(1)}
    file = pack(tmp_path / "a.zip", FILES | extra)
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/hostname")
    assert names(unpacked(file, print)) == sorted([*FILES, "cat/3.png"])


@pytest.mark.parametrize("name", ["../1.png", "cat/../../1.png", "/tmp/1.png", "..\\1.png", "C:\\1.png"])
@pytest.mark.parametrize("kind", ["a.zip", "a.tar"])
def test_what_points_outside_the_folder_is_refused(tmp_path, kind, name):
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(DataError, match="points outside its folder"):
        unpacked(pack(inner / kind, FILES | {name: b"x"}), print)
    assert names(tmp_path) == [f"inner/{kind}"]


@pytest.mark.parametrize("kind", ["a.zip", "a.tar", "a.tar.gz"])
def test_a_damaged_archive(tmp_path, kind):
    file = pack(tmp_path / kind)
    whole = file.read_bytes()
    cut = 1300 if kind == "a.tar" else len(whole) // 2
    for content in (b"", b"no archive", whole[:cut], whole[:60] + b"\xff" * 40 + whole[100:]):
        file.write_bytes(content)
        with pytest.raises(DataError, match="cannot be unpacked"):
            unpacked(file, print)
        assert names(tmp_path) == [kind]


def test_another_folder_of_the_name_is_kept(tmp_path):
    put(tmp_path, "a/own.png")
    with pytest.raises(DataError, match="is there already, and is not what a.zip holds"):  # noqa: RUF043
        unpacked(pack(tmp_path / "a.zip"), print)
    assert names(tmp_path / "a") == ["own.png"]


def test_what_grows_a_hundredfold_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_USUAL", 10_000)
    assert unpacked(pack(tmp_path / "a.zip", {"x/1.bmp": bytes(9_000), "y/1.bmp": b"1"}), print)
    with pytest.raises(DataError, match="more than 100 times its size"):
        unpacked(pack(tmp_path / "b.zip", {"x/1.bmp": bytes(1_000_000)}), print)
    assert not (tmp_path / "b").exists()


def test_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: archives.shutil._ntuple_diskusage(9, 9, 0))
    with pytest.raises(ResourceError, match="does not fit on the disk"):
        unpacked(pack(tmp_path / "a.zip"), print)
    assert names(tmp_path) == ["a.zip"]


@pytest.mark.parametrize(("source", "key"), [("folder", "path"), ("table", "path"), ("idx", "path")])
def test_a_spec_of_an_archive_says_what_to_do(tmp_path, source, key):
    file = pack(tmp_path / "a.zip")
    with pytest.raises(DataError) as caught:
        load_images(source, {key: str(file)}, input_format=None)
    assert caught.value.hint == f"unpack it: cnncli init {file}"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"annotations/train.datum": b"x", "images/train/1.png": encoded(1)}, "does not read labels from train.datum"),
        ({"labels.json": b'{"tasks": 3}', "images/1.png": encoded(1)}, "does not read labels from labels.json"),
        ({"train": b"\x80\x05x", "batches.meta": b"\x80\x05"}, "does not read labels from batches.meta, train"),
        ({"cat.zip": b"PK", "dog.zip": b"PK"}, "unpack it: cnncli init "),
    ],
)
def test_init_names_what_it_does_not_read(tmp_path, files, said):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        survey(tmp_path)
    assert said in caught.value.hint


@pytest.mark.parametrize("folder", ["grün", "猫", "сова"])
def test_names_in_utf_8_that_a_zip_does_not_call_so(tmp_path, folder):
    name = f"{folder}/1.png".encode()
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("x" * len(name), b"1")
    content = (tmp_path / "photos.zip").read_bytes().replace(b"x" * len(name), name)  # and no mark for UTF-8
    (tmp_path / "photos.zip").write_bytes(content)
    unpacked(tmp_path / "photos.zip", lambda line: None)
    assert (tmp_path / "photos" / folder / "1.png").read_bytes() == b"1"
