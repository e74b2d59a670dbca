"""Many small cases in one test: hundreds of tests take longer to begin and end than what they try."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

SHOWN = 20
"""As many of the cases that fail are named."""


def each(names: str, cases: Iterable[Any], called: Callable[[Any], str] = str) -> Callable:
    """Like `parametrize`, but one test, which tries every case, and shows the first that fails and the names of all.

    Args:
        names: of the arguments of the test that make a case; its other arguments are fixtures, made once.
        cases: a value of each, in a tuple where there are several arguments.
        called: what a case is called where it fails.
    """
    arguments, cases = names.split(", "), list(cases)

    def decorate(test: Callable) -> Callable:
        parameters = inspect.signature(test).parameters
        assert set(arguments) <= set(parameters)
        assert cases

        @functools.wraps(test)
        def every(**fixtures: Any) -> None:
            failures = {}
            for number, case in enumerate(cases):
                values = [case] if len(arguments) == 1 else case
                try:
                    test(**dict(zip(arguments, values, strict=True)), **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    failures[f"{number} {called(case)}"] = error
            if failures:
                lines = [f"{name}: {str(error).partition(chr(10))[0]}" for name, error in failures.items()]
                first = next(iter(failures.values()))
                first.add_note("\n".join([f"This is the first of {len(failures)} cases that fail:", *lines[:SHOWN]]))
                raise first

        every.__signature__ = inspect.Signature(
            [parameter for name, parameter in parameters.items() if name not in arguments]
        )
        return every

    return decorate
