"""Of a `.keras` archive the weights are taken and nothing else, and what is wrong with it is said."""

from __future__ import annotations

import zipfile

import pytest

from cnncli.errors import DataError
from cnncli.factory.archives import weights_in

WEIGHTS = b"weights" * 100


@pytest.fixture
def pack(tmp_path):
    """Writes an archive."""

    def write(name="my.keras", member="model.weights.h5", **how):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", **how) as archive:
            archive.writestr("config.json", "{}")
            archive.writestr(member, WEIGHTS)
        return path

    return write


def refused(path):
    with pytest.raises(DataError) as caught, weights_in(path):
        pass
    return str(caught.value)


def test_the_weights_exist_while_the_block_runs(pack):
    with weights_in(pack()) as file:
        assert (file.read_bytes(), file.suffixes[-1]) == (WEIGHTS, ".h5")
    assert not file.exists()


def test_a_file_of_weights_is_taken_as_it_is(tmp_path):
    path = tmp_path / "my.weights.h5"
    path.write_bytes(WEIGHTS)
    with weights_in(path) as file:
        assert file == path


def test_an_archive_under_the_name_of_weights_is_not_opened(pack):
    path = pack("my.weights.h5")
    with weights_in(path) as file:
        assert file == path


def test_an_archive_of_something_else_is_told(pack):
    path = pack(member="data.pkl")
    assert refused(path) == f"'{path}' is not a model of Keras 3: there is no 'model.weights.h5' in it"


def test_what_may_unpack_to_a_terabyte_is_not_unpacked(pack):
    assert "is compressed, which Keras does not do" in refused(pack(compression=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("length", [0, 300])
def test_a_part_of_an_archive_is_told(pack, length):
    path = pack()
    path.write_bytes(path.read_bytes()[:length])
    assert refused(path) == f"the weights in '{path}' cannot be unpacked: File is not a zip file"


def test_damage_is_told(pack):
    path = pack()
    path.write_bytes(path.read_bytes().replace(b"weightsweights", b"weightsWeights"))
    assert refused(path) == f"the weights in '{path}' cannot be unpacked: Bad CRC-32 for file 'model.weights.h5'"


def test_what_is_wrong_with_the_weights_is_said_of_the_archive(pack):
    path = pack()
    with pytest.raises(DataError) as caught, weights_in(path) as file:
        raise DataError(f"'{file}' is damaged", "mend it")
    assert (str(caught.value), caught.value.hint) == (f"'{path}' is damaged", "mend it")
