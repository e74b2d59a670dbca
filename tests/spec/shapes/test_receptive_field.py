"""The arithmetic of receptive fields along one axis; `tests/factory` compares with the gradient itself."""

from cnncli.spec.shapes.receptive_field import Axis


class TestAxis:
    def test_a_pixel_sees_itself(self):
        assert (Axis().size, Axis().first(7), Axis().last(7)) == (1, 7, 7)

    def test_windows_add_up_each_by_the_strides_before_it(self):
        axis = Axis().window(7, 2, 3).window(3, 2, 1).window(3, 1, 1)
        assert axis.size == 7 + (3 - 1) * 2 + (3 - 1) * 4
        assert axis.first(1) - axis.first(0) == axis.step == 4

    def test_an_enlarged_map_sees_no_more_but_moves_in_smaller_steps(self):
        axis = Axis().window(3, 2, 0).enlarged(2, lambda i: (i // 2, i // 2))
        assert (axis.size, axis.step, len(axis.firsts)) == (3, 2, 2)
        assert [axis.first(i) for i in range(5)] == [0, 0, 2, 2, 4]
        # Three neighbours of it are at most two of the map before: 3 + 2 pixels.
        assert axis.window(3, 1, 1).size == 5
        assert axis.window(2, 2, 0) == Axis((0,), (2,), 2)

    def test_branches_see_what_either_sees(self):
        left, right = Axis().window(3, 1, 2), Axis().window(3, 1, 0)
        assert left.joined(right) == Axis((-2,), (2,), 1)
