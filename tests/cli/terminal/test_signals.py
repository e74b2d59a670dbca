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
def clock(tmp_path_factory):
    """A file with the time, in seconds."""
    file = tmp_path_factory.mktemp("clock") / "time"
    file.write_text("10")
    return file


@pytest.fixture
def deaf(tmp_path, clock):
    """A process in one long call into C, which Python's own handlers wait for, with a temporary folder."""
    code = (
        "import ctypes, signal, sys\n"
        "from pathlib import Path\n"
        "from cnncli.cli.terminal import signals\n"
        "from cnncli.cli.terminal.signals import Signals\n"
        "from cnncli.temporary import temporary_folder\n"
        "class Clock:\n"
        "    def monotonic():\n"
        "        now = float(Path(sys.argv[1]).read_text())\n"
        "        print('looks at the clock', flush=True)\n"  # from then on the test may write
        "        return now\n"
        "signals.time = Clock\n"
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
    program = [sys.executable, "-c", code, str(clock)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdout.readline() == "deaf\n"
        yield process
        process.kill()


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(("number", "code"), CODES)
def test_the_first_is_answered_in_the_middle_of_a_step_and_the_second_ends_it(deaf, clock, tmp_path, number, code):
    assert len([*tmp_path.glob("cnncli-*/run/log.txt")]) == 1
    deaf.send_signal(number)
    assert deaf.stdout.readline() == "looks at the clock\n"
    assert deaf.stdout.readline() == "stopping; press Ctrl-C again to stop at once\n"
    for seconds in ("10", "10.4"):  # at the same time as the one before: `timeout` does that
        clock.write_text(seconds)
        deaf.send_signal(number)
        assert deaf.stdout.readline() == "looks at the clock\n"
    assert deaf.poll() is None
    clock.write_text("10.6")
    deaf.send_signal(number)
    assert deaf.wait() == code
    assert list(tmp_path.iterdir()) == []
