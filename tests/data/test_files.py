"""Files that are read to their end, in memory or not."""

import io

import pytest

from cnncli.data import files
from cnncli.errors import DataError


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 5_000])
def test_small_and_large_files_have_the_same_contents(tmp_path, size):
    content = bytes(number % 251 for number in range(size))
    path = tmp_path / "image.jpg"
    path.write_bytes(content)
    with files.contents_of(path, most=10) as stream, files.open_file(path) as other:
        assert isinstance(stream, io.BytesIO) == (size <= 10)
        assert stream.read() == other.read() == content
        assert stream.seek(0) == 0
        assert stream.read(3) == content[:3]


def test_what_is_no_file_is_refused_by_its_name(tmp_path):
    with pytest.raises(DataError, match="the picture is a folder"):
        files.contents_of(tmp_path, "the picture")
    with pytest.raises(DataError, match=r"missing\.png does not exist"):
        files.contents_of(tmp_path / "missing.png")
