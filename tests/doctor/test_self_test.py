"""A self-test that fails reports which command failed and why; tests/cli/test_doctor.py has one that passes."""

from cnncli.doctor import self_test


def test_a_failing_command_is_reported_with_its_reason(monkeypatch):
    notices: list[str] = []
    monkeypatch.setattr(self_test, "SPEC", self_test.SPEC.replace("epochs: 10", "epochs: ten"))
    (check,) = self_test.run_self_test(notices.append)
    assert (check.name, check.state) == ("training", "error")
    assert "cnncli train exited with 2: " in check.advice
    assert notices == ["self-test: training …"]


def test_a_command_that_takes_too_long_is_reported(monkeypatch):
    monkeypatch.setattr(self_test, "TIME_LIMIT", 0.01)
    (check,) = self_test.run_self_test(lambda text: None)
    assert "did not finish within" in check.advice


def test_every_shape_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(self_test, "IMAGES_PER_SHAPE", 2)
    self_test.draw_shapes(tmp_path)
    drawn = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*"))
    assert drawn == [f"{shape}/{number}.png" for shape in self_test.SHAPES for number in range(2)]
