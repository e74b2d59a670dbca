"""Several observers receive every event, in order, and one of them can stop the training."""

from __future__ import annotations

import contextlib
import inspect

import pytest
from cases import each

from cnncli.observer import TrainingObserver
from cnncli.runner.training.observers import Observers, StopRequested, stop_if_requested

EVENTS = [name for name in vars(TrainingObserver) if name.startswith("on_")]


class Recorder(TrainingObserver):
    def __init__(self, name, log, fails="", code=0):
        self.name, self.log, self.fails, self.code = name, log, fails, code

    def stop_requested(self):
        return self.code

    @contextlib.contextmanager
    def defer_signals(self):
        self.log.append(f"{self.name} in")
        yield
        self.log.append(f"{self.name} out")


def record(event):
    def call(self, *values):
        self.log.append((self.name, event, *values))
        if self.fails == event:
            raise ZeroDivisionError(event)

    return call


for event in EVENTS:
    setattr(Recorder, event, record(event))


def values_for(event: str) -> list[str]:
    return list(inspect.signature(getattr(TrainingObserver, event)).parameters)[1:]


@each("event", EVENTS)
def test_every_event_reaches_every_observer_in_order(event):
    log, values = [], values_for(event)
    getattr(Observers([Recorder("a", log), Recorder("b", log)]), event)(*values)
    assert log == [("a", event, *values), ("b", event, *values)]


@pytest.mark.parametrize("event", EVENTS)
def test_an_observer_without_methods_and_none_at_all_are_silent(event, capsys):
    for observers in ([], [TrainingObserver.__new__(type("Empty", (TrainingObserver,), {}))]):
        getattr(Observers(observers), event)(*values_for(event))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("event", [event for event in EVENTS if event != "on_end"])
def test_an_error_in_an_observer_reaches_the_training(event):
    with pytest.raises(ZeroDivisionError):
        getattr(Observers([Recorder("a", [], fails=event)]), event)(*values_for(event))


def test_an_error_at_the_end_is_a_notice_and_the_others_are_called():
    log = []
    Observers([Recorder("a", log, fails="on_end"), Recorder("b", log)]).on_end("finished")
    assert ("b", "on_end", "finished") in log
    assert ("a", "on_notice", "warning: Recorder.on_end failed: ZeroDivisionError: on_end") in log


def test_the_first_exit_code_stops_the_training():
    observers = Observers([Recorder("a", []), Recorder("b", [], code=143), Recorder("c", [], code=130)])
    with pytest.raises(StopRequested) as caught:
        stop_if_requested(observers)
    assert caught.value.exit_code == 143
    stop_if_requested(Observers([]))


def test_signals_are_deferred_by_all_and_put_back_in_reverse():
    log = []
    with Observers([Recorder("a", log), Recorder("b", log)]).defer_signals():
        log.append("training")
    assert log == ["a in", "b in", "training", "b out", "a out"]
