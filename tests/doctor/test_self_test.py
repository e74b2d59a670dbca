"""A self-test that fails reports which step failed and why; tests/cli/test_doctor.py has one that passes."""

from types import SimpleNamespace

import pytest

from cnncli.doctor import self_test
from cnncli.errors import Interrupted


def test_a_failing_step_is_reported_with_its_reason(monkeypatch):
    notices: list[str] = []
    monkeypatch.setattr(self_test, "SPEC", self_test.SPEC.replace("epochs: 10", "epochs: ten"))
    (check,) = self_test.run_self_test(notices.append)
    assert (check.name, check.state) == ("training", "error")
    assert "train.epochs" in check.advice
    assert notices == ["self-test: training …"]


def test_an_accuracy_that_is_too_low_is_an_error(monkeypatch):
    monkeypatch.setattr(self_test.cnncli, "train", lambda spec, folder: SimpleNamespace(path=folder))
    monkeypatch.setattr(self_test.cnncli, "open_run", lambda path: SimpleNamespace(metrics={"accuracy": 0.89}))
    (check,) = self_test.run_self_test(lambda text: None)
    assert (check.name, check.state) == ("training", "error")
    assert check.advice == "the accuracy is only 0.89; at least 0.9 was expected"


def test_ctrl_c_is_not_a_failure_of_the_installation(monkeypatch):
    def interrupted(folder):
        raise Interrupted(str(folder))
        yield

    monkeypatch.setattr(self_test, "_outcomes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        self_test.run_self_test(lambda text: None)


def test_every_shape_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(self_test, "IMAGES_PER_SHAPE", 2)
    self_test.draw_shapes(tmp_path)
    drawn = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*"))
    assert drawn == [f"{shape}/{number}.png" for shape in sorted(self_test.SIDES) for number in range(2)]
