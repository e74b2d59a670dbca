"""What a run records of how it computes, and goes on with."""

import pytest

pytestmark = pytest.mark.slow

TILES = {"convolutions": "tiles"}
NEW = {"updates": "once", "small_updates": "once", "columns": "pairs", "batches": "halves"} | TILES


@pytest.fixture(autouse=True)
def processor(monkeypatch):
    """Two cores with AVX-512, or what else a test asks for."""
    from cnncli.factory.computation import choices

    def become(cores, *flags):
        monkeypatch.setattr(choices, "usable_cores", lambda: cores)
        monkeypatch.setattr(choices, "processor_flags", lambda: frozenset(flags))

    become(2, "avx2", "avx512f")
    return become


@pytest.mark.parametrize(
    ("recorded", "taken"),
    [
        (NEW, NEW),
        ({"threads": 2}, {}),  # of a version that had none of them
        ({"updates": "once", "threads": 2}, {"updates": "once"}),  # of one that had the first
        ({"updates": "once", "columns": "pairs", "threads": 1}, {"updates": "once", "columns": "pairs"}),
        ({"updates": "twice", "columns": 2}, {}),
    ],
)
def test_a_run_is_trained_as_its_record_says(recorded, taken):
    from cnncli.factory.computation.choices import choices_of, is_taken, record_of_choices

    assert record_of_choices() == NEW
    with choices_of(recorded):
        assert record_of_choices() == taken
        assert [is_taken(name) for name in NEW] == [name in taken for name in NEW]
        with choices_of(NEW):
            assert record_of_choices() == NEW
    assert record_of_choices() == NEW


def test_a_gpu_computes_as_before(machine):
    from cnncli.factory.computation.choices import record_of_choices

    machine(frozenset(), (8, 0))
    assert record_of_choices() == {}


def test_a_new_training_takes_the_ways_by_which_its_processor_gains(processor):
    from cnncli.factory.computation.choices import choices_of, record_of_choices

    processor(2, "avx2")
    assert record_of_choices() == {"updates": "once", "small_updates": "once", "batches": "halves"} | TILES
    with choices_of(NEW):  # of a run that began on another processor
        assert record_of_choices() == NEW
    processor(1, "avx512f")
    assert record_of_choices() == {"updates": "once", "small_updates": "once", "columns": "pairs"} | TILES
