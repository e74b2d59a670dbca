"""Samples keep image, label and name together, in memory as in files."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from picture_files import encoded, put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples, Samples, SampleSubset
from cnncli.errors import DataError


def three() -> Samples:
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2, 1)
    return Samples(images, np.array([2, 0, 1]), ("a.png", "b.png", "c.png"))


def test_take_keeps_the_order_asked_for_and_every_name():
    taken = three().take(np.array([2, 0]))
    assert taken.names == ("c.png", "a.png")
    assert taken.labels.tolist() == [1, 2]
    assert taken.images[:, 0, 0, 0].tolist() == [8, 0]
    assert len(taken) == 2


def test_numbered_samples_keep_their_number_when_taken():
    samples = Samples.numbered(np.zeros((5, 1, 1, 3), np.uint8), np.zeros(5, np.int64))
    assert samples.names == ("0", "1", "2", "3", "4")
    assert samples.take(np.array([4, 1])).names == ("4", "1")


def test_nothing_taken_is_still_samples():
    nothing = three().take(np.array([], dtype=np.int64))
    assert len(nothing) == 0
    assert nothing.images.shape == (0, 2, 2, 1)


@pytest.mark.parametrize(
    ("images", "labels", "names"),
    [
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(3, np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int64), ("0",)),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.float32), np.zeros(2, np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros((2, 1), np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.uint8), ("0", "1")),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(images, labels, names):
    with pytest.raises(ValueError, match=r"images|labels are"):
        Samples(images, labels, names)


def test_images_are_read_as_they_are_asked_for():
    assert three().shape == (2, 2, 1)
    read = three().read(np.array([2, 0, 2]))
    assert read[:, 0, 0, 0].tolist() == [8, 0, 8]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "wanted", [InputFormat(3, 5, 3, "pad", "area"), InputFormat(9, 4, 1, "crop"), InputFormat(6, 7, 1)]
)
def test_arrays_are_fitted_as_files_are_read(tmp_path, channels, wanted):
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 7, channels), dtype=np.uint8)
    for number, image in enumerate(images):
        (tmp_path / f"{number}.png").write_bytes(encoded(image.squeeze()))
    samples = Samples.numbered(images, np.arange(20))
    from_files = FileSamples(tmp_path, tuple(f"{number}.png" for number in range(20)), samples.labels, wanted)
    fit = samples.fitted(wanted)
    assert np.array_equal(fit.images, from_files.read(np.arange(20)))
    assert (fit.names, fit.labels.tolist()) == (samples.names, samples.labels.tolist())


def test_samples_of_the_right_size_are_not_copied():
    samples = three()
    assert samples.fitted(InputFormat(2, 2, 1, "pad")) is samples


# ---------------------------------------------------------------- some of a larger array


def chosen() -> SampleSubset:
    return SampleSubset(three(), np.array([2, 0, 2]), np.array([0, 1, 1]))


def test_chosen_images_have_the_labels_given_and_the_names_of_the_whole():
    some = chosen()
    assert (len(some), some.shape, some.labels.tolist()) == (3, (2, 2, 1), [0, 1, 1])
    assert some.names == ("c.png", "a.png", "c.png")
    assert some.read(np.array([1, 0]))[:, 0, 0, 0].tolist() == [0, 8]


def test_chosen_images_can_be_chosen_from_again():
    taken = chosen().take(np.array([2, 1]))
    assert isinstance(taken, SampleSubset)
    assert (taken.names, taken.labels.tolist()) == (("c.png", "a.png"), [1, 1])
    assert taken.read(np.arange(2))[:, 0, 0, 0].tolist() == [8, 0]
    assert taken.whole is not None
    assert len(taken.take(np.array([], np.int64))) == 0


def test_choosing_copies_nothing_and_reading_does():
    whole = three()
    some = SampleSubset(whole, np.array([1]), np.array([0]))
    assert some.take(np.array([0])).whole is whole
    some.read(np.array([0]))[:] = 255
    assert whole.images[1, 0, 0, 0] == 4


# ---------------------------------------------------------------- in files

READING = InputFormat(4, 4, 1)


def files(root: Path, count: int = 3) -> FileSamples:
    names = [f"{number}.png" for number in range(count)]
    put(root, *names)
    return FileSamples(root, tuple(names), np.arange(count, dtype=np.int64), READING)


def test_files_are_read_in_the_order_asked_for(tmp_path):
    samples = files(tmp_path, 40)
    order = np.random.default_rng(0).permutation(40)
    read = samples.read(order)
    assert (read.dtype, read.shape, samples.shape) == (np.uint8, (40, 4, 4, 1), (4, 4, 1))
    assert read[:, 3, 3, 0].tolist() == (order + 1).tolist()


def test_files_that_are_taken_keep_label_and_name(tmp_path):
    taken = files(tmp_path).take(np.array([2, 0]))
    assert isinstance(taken, FileSamples)
    assert (taken.names, taken.labels.tolist(), len(taken)) == (("2.png", "0.png"), [2, 0], 2)
    assert taken.read(np.array([1, 0]))[:, 0, 0, 0].tolist() == [1, 3]


def test_no_file_is_still_an_array_of_images(tmp_path):
    assert files(tmp_path).read(np.array([], np.int64)).shape == (0, 4, 4, 1)


def test_files_are_not_looked_at_before_they_are_read(tmp_path):
    samples = FileSamples(tmp_path, ("gone.png",), np.array([0]), READING).take(np.array([0]))
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        samples.read(np.array([0]))


def test_of_several_bad_files_the_first_is_named(tmp_path):
    samples = files(tmp_path, 50)
    for number in (9, 30, 49):
        (tmp_path / f"{number}.png").write_bytes(b"not a picture")
    for _ in range(5):
        with pytest.raises(DataError, match=r"/9\.png is a text file"):
            samples.read(np.arange(50))


def test_a_file_is_read_as_the_reading_says(tmp_path):
    (tmp_path / "wide.png").write_bytes(encoded(np.full((2, 8, 3), 200, np.uint8)))
    for resize, corner in (("stretch", 200), ("pad", 0), ("crop", 200)):
        input_format = InputFormat(4, 4, 3, resize, "nearest")
        samples = FileSamples(tmp_path, ("wide.png",), np.array([0]), input_format)
        assert samples.read(np.array([0]))[0, 0, 0].tolist() == [corner] * 3


def test_an_absolute_name_needs_no_root(tmp_path):
    put(tmp_path, "a/1.png", start=77)
    samples = FileSamples(tmp_path / "elsewhere", (str(tmp_path / "a/1.png"),), np.array([0]), READING)
    assert samples.read(np.array([0]))[0, 0, 0, 0] == 77


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    with pytest.raises(ValueError, match="2 images, 1 labels"):
        FileSamples(tmp_path, ("a", "b"), np.array([0]), READING)
    with pytest.raises(ValueError, match="labels are float64"):
        FileSamples(tmp_path, ("a",), np.array([0.0]), READING)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own(tmp_path):
    samples = files(tmp_path, 20)
    samples.read(np.arange(20))
    child = os.fork()
    if child == 0:
        signal.alarm(300)  # where it would wait for threads that are not there
        os._exit(0 if samples.read(np.arange(20))[-1, 0, 0, 0] == 20 else 1)
    assert os.waitpid(child, 0)[1] == 0
