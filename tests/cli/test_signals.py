"""Signals while a model trains."""

import contextlib
import os
import signal
import time

import pytest

from cnncli.cli.screen import TrainingScreen
from cnncli.cli.signals import Stopped, stopped_by_signals


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(1)  # interrupted


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_raised_with_its_exit_code(number, code):
    with pytest.raises(KeyboardInterrupt) as stopped, stopped_by_signals():
        send(number)
    assert stopped.value.exit_code == code


def test_a_signal_that_was_lost_is_heard_with_the_next_step():
    screen = TrainingScreen(quiet=True)
    with stopped_by_signals():
        screen.steps(1, 1, 2)
        with contextlib.suppress(Stopped):  # as Python does inside the callback of a weak reference
            send(signal.SIGTERM)
        with pytest.raises(Stopped) as stopped:
            screen.steps(1, 2, 2)
    assert stopped.value.exit_code == 143


def test_afterwards_signals_do_what_they_did_before():
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
