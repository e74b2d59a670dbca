"""Observers of a training in several processes."""

from __future__ import annotations

from cnncli.observer import TrainingObserver
from cnncli.records import Epoch
from cnncli.workers.together import TogetherObserver, WorkerLog


class Own(TrainingObserver):
    def __init__(self):
        self.notices = []

    def on_notice(self, text):
        self.notices.append(text)

    def reported_steps(self):
        return {5, 3}

    def stop_requested(self):
        return 0


def test_any_process_may_stop_all_and_rank_0_says_where_to_report():
    observer = TogetherObserver(Own(), lambda value: [value, 143 if value == 0 else [7]])
    assert observer.stop_requested() == 143
    assert observer.reported_steps() == [3, 5]


def test_events_reach_the_observer():
    own = Own()
    TogetherObserver(own, lambda value: [value]).on_notice("a line")
    assert own.notices == ["a line"]


def test_a_log_has_what_came_before_its_file(tmp_path):
    own, path = Own(), tmp_path / "runs" / "a-001.rank-1.log"  # in a folder that is not there yet
    log = WorkerLog(own, "rank 1")
    log.on_notice("warning: dark")
    log.write_to(path)
    log.on_epoch_end(Epoch(1, {"loss": 0.5, "accuracy": 1.0}, 0.1, 2.0, 0), best=True)
    log.on_end("finished")
    assert path.read_text().splitlines() == [
        "rank 1",
        "warning: dark",
        "epoch 1: loss 0.5000, accuracy 1.0000",
        "finished",
    ]
    assert own.notices == ["warning: dark"]
