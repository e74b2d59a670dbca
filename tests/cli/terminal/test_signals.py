"""Signals while a model trains."""

import os
import signal
import subprocess
import sys
import time

import pytest

from cnncli.cli.terminal.signals import Signals, Stopped

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(1)  # interrupted


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_is_raised_with_its_exit_code(number, code):
    with pytest.raises(KeyboardInterrupt) as stopped, Signals():
        send(number)
    assert stopped.value.exit_code == code


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_that_must_wait_is_told_when_asked_for(number, code):
    with Signals() as signals, signals.deferred():
        assert signals.exit_code == 0
        os.kill(os.getpid(), number)
        assert signals.exit_code == code


def test_after_the_waiting_the_first_signal_is_not_raised_again_but_a_new_one_would_be():
    with Signals() as signals:
        with signals.deferred():
            pass
        with pytest.raises(Stopped):
            send(signal.SIGTERM)


def test_afterwards_signals_do_what_they_did_before():
    before = signal.getsignal(signal.SIGTERM)
    with Signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture
def deaf(tmp_path):
    """A process in one long call into C, which Python's own handlers wait for, with a temporary folder."""
    code = (
        "import ctypes, signal\n"
        "from cnncli.cli.terminal.signals import Signals\n"
        "from cnncli.temporary import temporary_folder\n"
        "with Signals() as signals, signals.deferred(), temporary_folder() as folder:\n"
        "    (folder / 'run').mkdir()\n"
        "    (folder / 'run' / 'log.txt').write_text('text')\n"
        "    signals.announce = lambda text: print(text, flush=True)\n"
        "    print('deaf', flush=True)\n"
        "    for _ in range(60):\n"
        "        clock = ctypes.CDLL(None)\n"
        "        clock.sleep(3600)\n"  # a signal cuts it short, and the next one begins
    )
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdout.readline() == "deaf\n"
        yield process
        process.kill()


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(("number", "code"), CODES)
def test_the_first_is_answered_in_the_middle_of_a_step_and_the_second_ends_it(deaf, tmp_path, number, code):
    assert len([*tmp_path.glob("cnncli-*/run/log.txt")]) == 1
    deaf.send_signal(number)
    assert deaf.stdout.readline() == "stopping; press Ctrl-C again to stop at once\n"
    deaf.send_signal(number)
    deaf.send_signal(number)  # at the same time as the one before: `timeout` does that
    time.sleep(0.6)
    assert deaf.poll() is None
    deaf.send_signal(number)
    assert deaf.wait(30) == code
    assert list(tmp_path.iterdir()) == []
