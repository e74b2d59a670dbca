"""The data doctor on a folder that has one of everything that goes wrong, and on folders that are well."""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from picture_files import encoded, put, tree_hash
from PIL import Image

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import CODES, check_headers, scan_files
from cnncli.data.quality.survey import survey
from cnncli.data.sources import folder as folder_source

GIT_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"


def photo(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """Smooth blobs of colour, different for each seed: as good as a photograph for all that is looked at."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(seed: int, **options) -> bytes:
    return encoded(photo(seed), "JPEG", quality=90, **options)


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, and that is no larger than a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def spoilt() -> bytes:
    """A PNG whose header and end are good, and whose pixels are not."""
    data = bytearray(encoded(photo(23)))
    data[len(data) // 2] ^= 255
    return bytes(data)


# Of each bad file: what it is called, what is in it, and the code it must be found under.
BAD_FILES = {
    "cat/empty.jpg": (b"", "damaged"),
    "cat/half.jpg": (jpeg(1)[:700], "damaged"),
    "cat/half.png": (encoded(photo(2))[:-30], "damaged"),
    "cat/half.gif": (encoded(photo(3), "GIF")[:600], "damaged"),
    "cat/half.bmp": (encoded(photo(4), "BMP")[:600], "damaged"),
    "cat/half.webp": (encoded(photo(5), "WEBP")[:200], "damaged"),
    "cat/damaged.png": (encoded(photo(6)).replace(b"IDAT", b"IDAX"), "damaged"),
    "cat/spoilt.png": (spoilt(), "damaged"),
    "cat/text.jpg": (b"not a picture", "not-an-image"),
    "cat/page.jpg": (b"<!doctype html><html>404</html>", "not-an-image"),
    "cat/pointer.png": (GIT_LFS, "not-an-image"),
    "cat/document.jpg": (b"%PDF-1.7 and so on", "not-an-image"),
    "cat/archive.png": (b"PK\x03\x04 and so on", "not-an-image"),
    "cat/drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format-not-read"),
    "cat/sky.hdr": (b"#?RADIANCE\n", "format-not-read"),
    "cat/plan.psd": (b"8BPS\0\1", "format-not-read"),
    "cat/sign.tga": (b"\0\0\2" + bytes(40), "format-not-read"),
    "cat/phone.jxl": (b"\xff\x0a and so on", "format-not-read"),
    "cat/bomb.png": (huge_png(20_000, 20_000), "too-many-pixels"),
    "cat/bomb2.png": (huge_png(100_000, 100_000), "too-many-pixels"),
    "cat/really_png.jpg": (encoded(photo(8)), "wrong-suffix"),
    "cat/deep.png": (encoded(np.arange(3072, dtype=np.uint16).reshape(48, 64) * 20), "sixteen-bit"),
    "cat/alpha.png": (encoded(photo(9).convert("RGBA")), "transparent"),
    "cat/grey.png": (encoded(photo(11).convert("L")), "mixed-color"),
    "cat/black.png": (encoded(Image.new("RGB", (64, 48))), "blank"),
    "cat/red.png": (encoded(Image.new("RGB", (64, 48), "red")), "blank"),
    "cat/dot.png": (encoded(photo(12, 4, 4)), "tiny"),
    "cat/strip.png": (encoded(photo(13, 400, 12)), "extreme-shape"),
    "cat/Twin.jpg": (jpeg(16), "names-collide"),
    "cat/twin.jpg": (jpeg(17), "names-collide"),
    "cat/notes.txt": (b"by grandmother", "passed-over"),
    "cat/.hidden.jpg": (jpeg(19), "passed-over"),
    "cat/original.jpg": (jpeg(30), "copies"),
    "cat/copy.jpg": (jpeg(30), "copies"),
    "cat/two_labels.jpg": (jpeg(31), "same-image-two-classes"),
    "dog/two_labels.jpg": (jpeg(31), "same-image-two-classes"),
    "cat/saved_again.jpg": (encoded(photo(32), "JPEG", quality=95), "alike"),
    "cat/saved_once.jpg": (encoded(photo(32), "JPEG", quality=50), "alike"),
    "cat/both.jpg": (encoded(photo(33), "JPEG", quality=95), "alike-across-classes"),
    "dog/both.jpg": (encoded(photo(33), "JPEG", quality=50), "alike-across-classes"),
    "forgotten.jpg": (jpeg(34), "unused-images"),
}
SPECIAL_FILES = {
    "cat/nowhere.jpg": "unreadable",
    "cat/itself.jpg": "unreadable",
    "cat/pipe.png": "unreadable",
    "cat/plug.jpg": "unreadable",
    "__MACOSX": "passed-over",
}


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("bad")
    (root / "bird").mkdir()
    for name, (data, _) in BAD_FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
    for number in range(120):
        (root / "dog" / f"{number}.jpg").write_bytes(jpeg(1000 + number))
    (root / "cat/nowhere.jpg").symlink_to(root / "gone.jpg")
    (root / "cat/itself.jpg").symlink_to(root / "cat/itself.jpg")
    (root / "__MACOSX").mkdir()
    (root / "cat/again").symlink_to(root / "cat")
    os.mkfifo(root / "cat/pipe.png")
    with socket.socket(socket.AF_UNIX) as plug:
        before = Path.cwd()
        os.chdir(root / "cat")  # the path of a socket must be short
        plug.bind("plug.jpg")
        os.chdir(before)
    return root


@pytest.fixture(scope="module")
def bad_report(bad_folder):
    before = tree_hash(bad_folder)
    report = scan_files("folder", bad_folder)
    assert tree_hash(bad_folder) == before
    return report


def codes_of(report, name: str) -> set[str]:
    return {found.code for found in report.findings for one in found.affected if name in one.names}


def found(report, code: str):
    return next(finding for finding in report.findings if finding.code == code)


@pytest.mark.parametrize(
    ("name", "code"), [*((name, code) for name, (_, code) in BAD_FILES.items()), *SPECIAL_FILES.items()], ids=ascii
)
def test_each_bad_file_is_named_with_its_kind(bad_report, name, code):
    assert code in codes_of(bad_report, name)


def test_errors_come_first_and_say_that_training_would_be_wrong(bad_report):
    severities = [finding.severity for finding in bad_report.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert bad_report.is_wrong


def test_a_class_without_images_is_an_error(bad_report):
    assert [one.detail for one in found(bad_report, "empty-class").affected] == ["bird has no train image"]


def test_what_a_file_is_instead_of_an_image_is_said(bad_report):
    details = {one.names[0]: one.detail for one in found(bad_report, "not-an-image").affected}
    assert "HTML page" in details["cat/page.jpg"]
    assert "git lfs pull" in details["cat/pointer.png"]


def test_the_size_of_a_bomb_is_told_from_its_header(bad_report):
    details = {one.names[0]: one.detail for one in found(bad_report, "too-many-pixels").affected}
    assert details["cat/bomb2.png"] == "is a PNG of 100000×100000 pixels: more than 50 million"


def test_a_folder_that_links_to_itself_is_walked_once(bad_report):
    assert not any("again/" in name for one in bad_report.findings for some in one.affected for name in some.names)


def test_leaving_out_what_errors_say_leaves_no_error_in_files(bad_folder, bad_report):
    exclude = {name for one in bad_report.findings if one.severity == "error" for name in one.exclude}
    again = scan_files("folder", bad_folder, classes=["cat", "dog"], exclude=exclude)
    assert [one.code for one in again.findings if one.severity == "error"] == []
    data = folder_source.load(bad_folder, InputFormat(8, 8, 3), classes=["cat", "dog"], exclude=exclude)
    samples = data.splits["train"]
    assert samples.read(np.arange(len(samples))).shape == (len(samples), 8, 8, 3)


def test_counts_are_those_of_the_source(bad_folder, bad_report):
    samples = folder_source.load(bad_folder, InputFormat(8, 8, 3), classes=["cat", "dog"]).splits["train"]
    assert np.bincount(samples.labels).tolist() == [bad_report.counts["train"][name] for name in ("cat", "dog")]


def test_only_one_copy_is_kept_and_a_wrong_label_keeps_none(bad_report):
    assert found(bad_report, "copies").exclude == ("cat/original.jpg",)
    assert set(found(bad_report, "same-image-two-classes").exclude) == {"cat/two_labels.jpg", "dog/two_labels.jpg"}


def named(findings) -> set[tuple[str, str]]:
    """Code and name of everything affected."""
    return {(one.code, name) for one in findings for some in one.affected for name in some.names}


def test_headers_alone_find_every_file_that_cannot_be_read(bad_folder, bad_report):
    samples = folder_source.load(bad_folder, InputFormat(8, 8, 3), classes=["cat", "dog"]).splits["train"]
    quick = named(check_headers({"train": samples}).findings)
    of_classes = ("empty-class", "same-image-two-classes")
    thorough = named(one for one in bad_report.findings if one.severity == "error" and one.code not in of_classes)
    # Damage between a good header and a good end shows only when it is decoded
    assert quick | {("damaged", "cat/spoilt.png")} == thorough
    assert quick != thorough


def test_a_healthy_folder_has_no_findings_and_every_image_is_opened_once(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(12):
            (tmp_path / label / f"{number}.jpg").write_bytes(jpeg(100 * len(label) * (label == "cat") + number))
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple) -> None:
        if watching and event == "open" and str(arguments[0]).startswith(str(tmp_path)):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)  # there is no way to take it away again
    report = scan_files("folder", tmp_path)
    watching = False
    assert report.findings == ()
    assert not report.is_wrong
    assert len(opened) == len(set(opened)) == 24
    assert (report.formats, report.sizes, report.images) == ({"JPEG": 24}, ((64, 48),) * 3, 24)


def test_what_the_source_refuses_is_never_called_healthy(tmp_path):
    put(tmp_path, *(f"only/{number}.png" for number in range(12)))
    assert "one class" in found(scan_files("folder", tmp_path), "refused").affected[0].detail


def test_every_code_can_be_found_and_is_documented_with_its_severity():
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z0-9-]+)` \| (error|warning|note) \|", page, re.MULTILINE)
    assert documented == [(code, kind.severity) for code, kind in CODES.items()]


@pytest.mark.parametrize(
    ("sizes", "median"),  # width, height
    [
        ([(10, 90), (20, 80), (40, 30), (300, 8), (90, 60)], (40, 60)),
        ([(10, 90), (20, 80), (40, 30), (300, 8)], (30, 55)),
        ([(300, 8)], (300, 8)),
    ],
)
def test_the_median_size_is_that_of_each_side_as_in_init(tmp_path, sizes, median):
    for number, size in enumerate(sizes):
        for name in ("cat", "dog"):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.new("RGB", size, (number * 40, 0, 0)).save(tmp_path / name / f"{number}.png")
    report = scan_files("folder", tmp_path)
    assert report.sizes[1] == median == tuple(np.median(survey(tmp_path).sizes, axis=0)[::-1])
    (first, *_) = found(report, "extreme-shape").affected
    assert first.detail == "is 8×300 (height×width)"


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((9, 9), 0.5, np.float32), "has pixels from 0.5 to 0.5 and does not say which value is white"),
        (np.full((9, 9), np.nan, np.float32), "has pixels that are not finite numbers"),
    ],
)
def test_numbers_that_are_no_brightness_are_no_damage(pixels, message, tmp_path):
    tifffile = pytest.importorskip("tifffile")
    put(tmp_path, "a/1.png", "b/1.png")
    tifffile.imwrite(tmp_path / "a" / "2.tif", pixels)
    [found] = [one for one in scan_files("folder", tmp_path).findings if one.code == "values-outside"]
    assert found.severity == "error"
    assert found.affected[0].names == ("a/2.tif",)
    assert found.affected[0].detail.startswith(message)
    assert found.exclude == ("a/2.tif",)


def test_a_format_that_is_not_read_comes_with_the_command_that_converts_it(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "2.jxl").write_bytes(b"\xff\x0a")
    [found] = [one for one in scan_files("folder", tmp_path).findings if one.code == "format-not-read"]
    assert found.affected[0].detail == (
        "is a JPEG XL image, which cnncli does not read; convert it: djxl a/2.jxl a/2.png"
    )
