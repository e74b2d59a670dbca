"""Every format, depth and colour comes to the pixels that another reader, or the writer, says the file has."""

import numpy as np
import pytest
from format_files import CELLS, HEIGHT, WIDTH

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat

REPRESENTATIVES = ("lzma",)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_of_the_grid_has_the_pixels_of_the_file(name):
    cell = CELLS[name]()
    channels = cell.expected.shape[2]
    read = read_image(cell.data, InputFormat(HEIGHT, WIDTH, channels, **(cell.options or {})))
    assert np.abs(read - cell.expected).max() <= cell.tolerance
