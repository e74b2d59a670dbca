"""The learning rate at every step: by hand, and against Keras."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncli.catalog import Entry
from cnncli.explain.schedules import rate
from cnncli.explain.training import Steps, rates


def schedule(name, **arguments):
    return Entry("schedule", name, arguments)


def test_a_cosine_is_half_way_down_in_the_middle():
    cosine = schedule("CosineDecay", initial_learning_rate=0.1, decay_steps="total_steps")
    assert [rate(cosine, step, 200) for step in (0, 100, 200, 300)] == pytest.approx([0.1, 0.05, 0, 0])


def test_a_rate_jumps_behind_its_boundary():
    steps = schedule("PiecewiseConstantDecay", boundaries=[10, 20], values=[1.0, 0.1, 0.01])
    assert [rate(steps, step, 30) for step in (0, 10, 11, 20, 21)] == [1.0, 1.0, 0.1, 0.1, 0.01]


def test_a_short_training_has_each_step_once():
    constant = schedule("PiecewiseConstantDecay", boundaries=[1], values=[1.0, 0.1])
    assert [point.step for point in rates(constant, 2)] == [0, 1, 2]


def test_the_last_batch_may_be_smaller():
    assert (Steps(54_000, 32, 3).in_epoch, Steps(54_000, 32, 3).total) == (1688, 5064)


numbers, counts = st.floats(0.01, 1), st.integers(1, 40)
start = {"initial_learning_rate": numbers}


def of(name, needed, **optional):
    arguments = st.fixed_dictionaries(needed, optional=optional)
    return st.builds(Entry, st.just("schedule"), st.just(name), arguments)


def warmed_up(entry, warmup):
    return Entry("schedule", entry.name, {**entry.arguments, **warmup})


schedules = st.one_of(
    of("CosineDecay", {**start, "decay_steps": counts}, alpha=numbers),
    st.builds(
        warmed_up,
        of("CosineDecay", {**start, "decay_steps": counts}),
        st.fixed_dictionaries({"warmup_target": numbers, "warmup_steps": counts}),
    ),
    of("CosineDecayRestarts", {**start, "first_decay_steps": counts, "t_mul": st.sampled_from([1.0, 2.0])},
       m_mul=numbers, alpha=numbers),
    of("ExponentialDecay", {**start, "decay_steps": counts, "decay_rate": numbers}, staircase=st.booleans()),
    of("InverseTimeDecay", {**start, "decay_steps": counts, "decay_rate": numbers}, staircase=st.booleans()),
    of("PolynomialDecay", {**start, "decay_steps": counts}, end_learning_rate=numbers, power=st.sampled_from([1, 2]),
       cycle=st.booleans()),
    st.just(schedule("PiecewiseConstantDecay", boundaries=[5, 20, 30], values=[1.0, 0.5, 0.1, 0.01])),
)  # fmt: skip


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(schedules, st.integers(0, 100))
def test_keras_gives_the_same_rate(entry, step):
    import numpy as np

    from cnncli.factory.objects import construct

    ours = rate(entry, step, 1)
    theirs = float(construct(entry)(step))
    if entry.name == "CosineDecayRestarts":  # Keras takes a logarithm in float32, which may miss the step of a restart
        nearby = [float(construct(entry)(step + by)) for by in (-1e-3, 1e-3)]
        assert any(np.isclose(ours, other, rtol=1e-2, atol=1e-4) for other in [theirs, *nearby])
    else:
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)
