"""Worked examples of `cnncli explain` on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cnncli.catalog import as_yaml
from cnncli.cli.console import counted, printable, say, show_paragraph, show_table, styled
from cnncli.explain.examples import MOST, Case, Example, of_spec, of_text
from cnncli.explain.training import (
    STEPS,
    rates,
    schedule_of_spec,
    schedule_of_text,
    steps_of_spec,
)
from cnncli.spec.shapes import times

if TYPE_CHECKING:
    from cnncli.catalog import Entry
    from cnncli.explain.topics import Topic
    from cnncli.spec import LoadedSpec


def show_examples(topic: Topic, argument: str, loaded: LoadedSpec | None) -> None:
    """Shows how a thing is written and what comes of it, in the reader's spec where there is one.

    Args:
        topic: of any family.
        argument: the one that was asked for; empty for all.
        loaded: the reader's spec, if any.
    """
    done = _of_spec(topic, argument, loaded) if loaded else False
    example = None if done else of_text(topic, argument)
    if example:
        _title("A worked example")
        _show(example)
    elif topic.usage and not argument and topic.family != "layer":
        _title("In a spec")
        for line in topic.usage.splitlines():
            say(f"  {line}")
        if topic.family == "schedule" and not done:
            say()
            _rates(schedule_of_text(topic), STEPS)


def _of_spec(topic: Topic, argument: str, loaded: LoadedSpec) -> bool:
    """Shows what there is of it in the reader's spec; tells whether there is anything."""
    if topic.family == "layer":
        return _layers(topic, argument, loaded)
    steps, schedule = steps_of_spec(loaded), schedule_of_spec(loaded)
    if topic.name in ("train.batch_size", "train.epochs") and steps:
        _title(f"In {loaded.document.file}")
        show_paragraph(
            f"{counted(steps.images, 'training image')} in batches of {steps.batch_size} are "
            f"{counted(steps.in_epoch, 'step')} an epoch, {steps.total:,} in {counted(steps.epochs, 'epoch')}.",
            indent=2,
        )
    if topic.family == "schedule" and schedule and schedule.name == topic.name and steps:
        _title(f"In {loaded.document.file}")
        _rates(schedule, steps.total)
        return True
    return False


def _title(text: str) -> None:
    say()
    click.echo(styled(printable(text), bold=True))


def _layers(topic: Topic, argument: str, loaded: LoadedSpec) -> bool:
    examples = of_spec(topic.name, loaded, argument)
    file = loaded.document.file
    if not examples:
        say()
        show_paragraph(f"{file} has no {topic.name}.", indent=0)
        return False
    for example in examples[:MOST]:
        _title(f"{example.place}: {example.name}")
        _show(example)
    if len(examples) > MOST:
        say()
        show_paragraph(f"{file} has {counted(len(examples) - MOST, f'more {topic.name} layer')}.", indent=0)
    return True


def _show(example: Example) -> None:
    layer = example.layer
    say(f"  {layer.name}: {as_yaml(layer.plain()[layer.name])}" if layer.arguments else f"  {layer.name}")
    if not example.given:
        show_paragraph("What it is given is not known without the images or without Keras; say data.image.size, or ask "
                       "cnncli summary.", indent=2)  # fmt: skip
        return
    first, *changed = example.cases
    given = ", ".join(times(shape) for shape in example.given)
    say(f"  {given} → {_output(first)}")
    say()
    if first.count is None:
        say("  parameters: only Keras knows; ask cnncli summary")
    elif not first.count.terms:
        say("  parameters: none")
    else:
        show_paragraph(f"parameters: {first.count.words}", indent=2)
        say(f"              {first.count.numbers}")
    if changed:
        say()
        show_table(("  with", "output", "parameters"), [_row(case, first) for case in changed])


def _output(case: Case) -> str:
    return times(case.output) if case.output else "only Keras knows"


def _row(case: Case, first: Case) -> Sequence[str]:
    if case.refusal:
        return f"  {case.change}", "cannot be", case.refusal
    output = "the same" if case.output == first.output else _output(case)
    if case.count is None:
        return f"  {case.change}", output, "only Keras knows"
    return f"  {case.change}", output, "the same" if case.count == first.count else case.count.numbers


def _rates(schedule: Entry, total: int) -> None:
    rows = [(f"  {step:,}", f"{rate:.4g}") for step, rate in rates(schedule, total)]
    show_table((f"  step of {total:,}", "learning rate"), rows, right=("learning rate",))
