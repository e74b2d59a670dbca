"""A search whose images were moved: a trial that is under way goes on with them where they are now."""

import shutil

import pytest

from cnncli.errors import Interrupted
from cnncli.observer import TrainingObserver
from cnncli.runs import RunDir
from cnncli.search.folder import TrialFolder
from cnncli.search.study import Search
from cnncli.spec import load

pytestmark = pytest.mark.slow


class Impatient(TrainingObserver):
    """Wants to stop after the second step, as by Ctrl-C."""

    def __init__(self):
        self.code = 0

    def on_step(self, epoch, step, steps, metrics):
        self.code = 130 if step == 2 else self.code

    def stop_requested(self):
        return self.code


def test_a_trial_is_continued_where_its_images_are_now(commands, images, tmp_path):
    from cnncli.search.training import train_trial

    here, there, run = tmp_path / "here", tmp_path / "there", RunDir(tmp_path / "trial-000")
    shutil.copytree(images, here)
    text = commands.spec.read_text().replace("epochs: 2", "epochs: 1")
    searches = [Search(load(text.replace(str(images), str(place)))) for place in (here, there)]
    before, now = (search.trial_spec({"train.batch_size": 8}) for search in searches)
    trial = TrialFolder(run, "token", 0)
    trial.create(before, {"train.batch_size": 8})
    with pytest.raises(Interrupted):
        train_trial(run, load(trial.record()["spec"]).spec, tmp_path, [Impatient()], ())
    here.rename(there)
    trial.find_images(now["data"])
    assert trial.record() == {**trial.record(), "spec": now, "values": {"train.batch_size": 8}}
    train_trial(run, load(trial.record()["spec"]).spec, tmp_path, [], ())
    assert run.is_finished()
    text = run.spec.read_text()
    assert (str(there) in text, str(here) in text) == (True, False)
