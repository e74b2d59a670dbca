"""Rules on stages: each must be there for something."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.entries import Entry
from cnncli.errors import Problem
from cnncli.spec.lint.context import LintContext
from cnncli.spec.stages import INSIDE, STAGES, TRAINS, changed, learning_in


def stages_nothing_changes(context: LintContext) -> Iterator[Problem]:
    """A stage thaws what was never frozen, or trains as the one before it does."""
    train = context.spec.train
    states = list(learning_in(train.stages, context.nodes))  # before all stages, and in each
    for index, stage in enumerate(train.stages):
        idle = [place for place, pattern in enumerate(stage.thaw) if not changed([pattern], states[index], TRAINS)]
        for place in idle:
            yield Problem(
                (*STAGES, index, "thaw", place),
                f"'{stage.thaw[place]}' is not frozen before this stage; write 'freeze' in an earlier stage, or "
                "leave this out",
            )
        unknown = any(INSIDE in pattern for pattern in (*stage.freeze, *stage.thaw))  # what is inside a backbone
        rates = [phase.optimizer.get("learning_rate") for phase in train.phases[max(index - 1, 0) : index + 1]]
        again = isinstance(rates[-1], Entry)  # a schedule begins anew in each stage
        if (
            index
            and not idle
            and not unknown
            and not again
            and rates[0] == rates[1]
            and states[index] == states[index + 1]
        ):
            yield Problem(
                (*STAGES, index),
                "this stage trains the same layers as the one before it, at the same learning rate; merge the two",
            )


RULES = (stages_nothing_changes,)
