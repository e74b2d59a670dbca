"""`cnncli init` of an archive: it is unpacked next to itself, and the spec names the folder."""

import io
import zipfile
from pathlib import Path

from PIL import Image

from cnncli.spec import load


def test_an_archive_is_unpacked_next_to_itself(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("photos.zip", "w") as archive:
        for number in range(8):
            picture = io.BytesIO()
            Image.new("RGB", (8, 8), (20 * number, 90, 90)).save(picture, "PNG")
            archive.writestr(f"{('cat', 'dog')[number % 2]}/{number}.png", picture.getvalue())
    result = call("init", "photos.zip")
    assert result.code == 0
    assert result.err.startswith("unpacked 8 files of photos.zip, ")
    assert "photos: 8 images in 2 classes\nwrote photos.yaml\n" in result.out
    assert load(Path("photos.yaml")).spec.data.source.arguments == {"path": "photos"}
    assert call("check", "photos.yaml").code == 0
