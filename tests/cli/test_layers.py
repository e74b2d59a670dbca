"""The former name of `cnncli explain`."""


def test_layers_explains_and_says_what_it_is_called_now(call):
    for arguments in ([], ["Conv2D"], ["Lambda"]):
        former, explained = call("layers", *arguments), call("explain", *arguments)
        assert (former.code, former.out) == (explained.code, explained.out)
        assert former.err.startswith("note: 'cnncli layers' is now 'cnncli explain'; ")


def test_it_is_not_in_the_help(call):
    assert "\n  layers " not in call("--help").out
