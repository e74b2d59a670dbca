"""What is legal but probably wrong: each rule one small function with a code, a reason and a fix.

The code of a rule is its function's name with hyphens. docs/lint.md lists each once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cnncli.errors import Problem
from cnncli.spec.lint import architecture, backbones, layers, metrics, output, training
from cnncli.spec.lint.context import LintContext, build_context
from cnncli.spec.schema import ByHand, Spec
from cnncli.spec.shapes.network_shapes import NetworkShapes, infer_shapes
from cnncli.spec.static_data_info import StaticDataInfo, static_data_info
from cnncli.wording import nearest

Rule = Callable[[LintContext], Iterator[Problem]]

_FILES = (output, layers, architecture, backbones, training, metrics)

RULES: dict[str, Rule] = {rule.__name__.replace("_", "-"): rule for file in _FILES for rule in file.RULES}

UNKNOWN_RULE = "unknown-rule"

CODES = (*RULES, UNKNOWN_RULE)
"""Every code that a warning can carry."""


def lint(spec: Spec, data: StaticDataInfo, shapes: NetworkShapes) -> list[Problem]:
    """The warnings on a valid spec, without those whose code the spec ignores; `shapes` are those of its network."""
    context = build_context(spec, data, shapes)
    problems = [
        replace(problem, code=code)
        for code, rule in RULES.items()
        if code not in spec.silence
        for problem in _once_a_line(rule(context))
    ]
    if UNKNOWN_RULE not in spec.silence:
        problems += _unknown_rules(spec)
    return problems


def lint_images(spec: Spec, images: StaticDataInfo) -> list[Problem]:
    """The warnings that a spec alone does not give: on the number of steps, and the size of the images."""
    before, now = (
        lint(spec, data, infer_shapes(spec.model.nodes, data.shape, data.classes))
        for data in (static_data_info(spec.data), images)
    )
    known = {(one.code, one.path) for one in before}
    new = [one for one in now if (one.code, one.path) not in known]
    if spec.by_hand is None:
        return new
    of_training = not_for_a_trial(new, lint_images(spec.by_hand.before, images), spec.by_hand)
    return [one for one in new if one in of_training or one.path[:1] != ("train",)]  # others are about the images


def not_for_a_trial(warnings: Iterable[Problem], before: Iterable[Problem], by_hand: ByHand) -> list[Problem]:
    """The warnings that were there before keys were set by hand, and those on such keys.

    Left out are those on values of the file that are odd only because of the others: whoever sets two epochs for a
    trial does not mean the patience.
    """
    known = {(one.code, one.path) for one in before}
    return [one for one in warnings if (one.code, one.path) in known or by_hand.has(one.path)]


def _once_a_line(problems: Iterator[Problem]) -> Iterator[Problem]:
    """A layer of a block is warned of once, however often the block is used; a repeated one as often as it differs."""
    seen = set()
    for problem in problems:
        key = (problem.path, "" if problem.path[:2] == ("model", "blocks") else problem.message)
        if key not in seen:
            yield problem
        seen.add(key)


def _unknown_rules(spec: Spec) -> Iterator[Problem]:
    for index, code in enumerate(spec.silence):
        if code not in CODES:
            near = nearest(code, CODES) or "; docs/lint.md lists them all"
            yield Problem(("silence", index), f"no lint rule is called '{code}'{near}", code=UNKNOWN_RULE)
