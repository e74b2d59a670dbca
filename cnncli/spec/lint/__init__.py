"""What is legal but probably wrong: each rule one small function with a code, a reason and the way out.

The code of a rule is its function's name with hyphens. docs/lint.md has a section on each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnncli.catalog.kinds import nearest
from cnncli.errors import Problem
from cnncli.spec.lint import layers, output, training
from cnncli.spec.lint.facts import Facts, examine
from cnncli.spec.schema import Spec

Rule = Callable[[Facts], Iterator[Problem]]

RULES: dict[str, Rule] = {
    rule.__name__.replace("_", "-"): rule for rule in (*output.RULES, *layers.RULES, *training.RULES)
}

UNKNOWN_RULE = "unknown-rule"

CODES = (*RULES, UNKNOWN_RULE)
"""Every code that a warning can carry."""


def lint(spec: Spec) -> list[Problem]:
    """The warnings on a spec that is otherwise right; those whose code the spec silences are left out."""
    facts = examine(spec)
    found = [
        Problem(problem.path, problem.message, problem.place, problem.at_key, code)
        for code, rule in RULES.items()
        if code not in spec.silence
        for problem in rule(facts)
    ]
    if UNKNOWN_RULE not in spec.silence:
        found += _unknown_rules(spec)
    return found


def _unknown_rules(spec: Spec) -> Iterator[Problem]:
    for index, code in enumerate(spec.silence):
        if code not in CODES:
            near = nearest(code, CODES) or "; docs/lint.md lists them all"
            yield Problem(("silence", index), f"no lint rule is called '{code}'{near}", code=UNKNOWN_RULE)
