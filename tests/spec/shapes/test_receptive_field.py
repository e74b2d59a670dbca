"""The arithmetic of receptive fields along one axis; `tests/factory` compares with the gradient itself."""

from cnncli.spec.shapes.receptive_field import Axis


class TestAxis:
    def test_a_pixel_depends_on_itself(self):
        assert (Axis().size, Axis().first, Axis().last) == (1, 0, 0)

    def test_windows_add_up_each_by_the_strides_before_it(self):
        axis = Axis().window(7, 2, 3).window(3, 2, 1).window(3, 1, 1)
        assert axis.size == 7 + (3 - 1) * 2 + (3 - 1) * 4
        assert axis.step == 4
        assert axis.first == -(3 + 1 * 2 + 1 * 4)

    def test_branches_depend_on_what_either_depends_on(self):
        left, right = Axis().window(3, 1, 2), Axis().window(3, 1, 0)
        assert left.joined(right) == Axis(-2, 2, 1)
