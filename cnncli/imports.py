"""TensorFlow and Keras imported in half the time, in a process that is cnncli's alone.

What is left out is imported when it is used, and what is done once instead of twenty thousand times gives the same.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import os
import sys
import threading
import typing
from collections.abc import Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from cnncli.chatter import stderr_aside
from cnncli.environment import is_claimed

_OPTIONAL = ("IPython", "matplotlib", "scipy", "sklearn")
"""Packages that Keras and TensorFlow import for functions which no command of cnncli calls, and do without where they
are missing: a third of their start."""

_SELDOM = (
    *(
        f"tensorflow._api.v2.{name}"
        for name in (
            *("__internal__.distribute.combinations", "__internal__.distribute.multi_process_runner"),
            *("__internal__.feature_column", "__internal__.test", "compat.v1", "compat.v2", "debugging"),
            *("experimental.numpy", "experimental.tensorrt", "feature_column", "lite", "profiler"),
            *("quantization.experimental", "test", "tpu"),
        )
    ),
    *("requests", "tensorflow.python.keras", "tensorflow.python.keras.layers"),
)
"""Names under which TensorFlow offers what has another name, or what no training needs, and packages whose contents it
takes from their modules: imported when they are used, which saves a quarter of its start."""

_CELLS = "tensorflow.python.keras.layers.rnn_cell_wrapper_v2"
"""Classes of an earlier Keras, for which TensorFlow would import most of that Keras: each is imported when an instance
of it is asked for."""

_LIBRARIES = ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")
"""Libraries in the package TensorFlow."""


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Inside, TensorFlow and Keras are imported in half the time, by this thread.

    Python would search their modules for garbage again and again, and finds none. A process that is cnncli's alone
    needs none of the packages that Keras can do without, either, nor the seldom names, and never searches these modules
    afterwards.
    """
    collects = gc.isenabled()
    gc.disable()
    later = _Later((*_SELDOM, _CELLS))
    finders = [_Without(_OPTIONAL), later] if is_claimed() else []
    sys.meta_path[:0] = finders
    try:
        with _quick_descriptions() if is_claimed() else contextlib.nullcontext():
            yield
    finally:
        for finder in finders:
            sys.meta_path.remove(finder)
        later.withdraw()
        if finders:
            gc.freeze()
        if collects:
            gc.enable()


class _Without(MetaPathFinder):
    """Has the thread that made it not find some packages."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages, self._thread = packages, threading.get_ident()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Raises ModuleNotFoundError for those packages, and leaves all others to the next finder."""
        if fullname in self._packages and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


class _Later(MetaPathFinder, Loader):
    """Has modules imported when an attribute of theirs is asked for.

    `importlib.util.LazyLoader` does so as well, but not for those that put something else in their place.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names, self._empty = {*names}, dict[str, ModuleType]()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of such a module when it is imported first; leaves all others to the next finder."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self._names else None
        if spec is not None:
            spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Leaves the module empty until then."""
        name = module.__name__
        self._empty[name] = module
        if name == "tensorflow._api.v2.lite":  # the name tf.lite goes to this package when that is first imported
            importlib.import_module("tensorflow.lite")

        def ask(attribute: str) -> Any:
            if attribute.startswith("__") and attribute != "__all__":  # Python asks every module for some
                raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
            if name == _CELLS and name in self._names:
                return lambda *values, **options: getattr(self._filled(name), attribute)(*values, **options)
            return getattr(self._filled(name), attribute)

        vars(module)["__getattr__"] = ask

    def withdraw(self) -> None:
        """Takes the empty modules from Python's list: whoever imports one later, or a module in it, gets it whole.

        A module in a package that is still empty would ask that for its neighbours, and so be imported within itself.
        """
        for name, module in self._empty.items():
            if name != _CELLS and sys.modules.get(name) is module:
                del sys.modules[name]

    def _filled(self, name: str) -> ModuleType:
        """The module itself, imported after the packages that it is in."""
        packages = [*(name[:at] for at, character in enumerate(name) if character == "."), name]
        empty = {each: self._empty[each] for each in packages if each in self._names and each in self._empty}
        self._names.difference_update(empty)
        for each, module in empty.items():
            if sys.modules.get(each) is module:
                del sys.modules[each]
        with stderr_aside():  # its libraries tell of themselves, whatever the log level
            found = importlib.import_module(name)
        for each, module in empty.items():  # modules of a package that were imported before it
            inner = {key: value for key, value in vars(module).items() if isinstance(value, ModuleType)}
            vars(sys.modules[each]).update(inner | vars(sys.modules[each]))
        return found


@contextlib.contextmanager
def _quick_descriptions() -> Iterator[None]:
    """Inside, Python describes types and functions as it always does, in less time.

    TensorFlow names the types of its 1,500 operations by strings, the same sixty of them 20,000 times, and describes
    each operation several times: a fifth of its import.
    """
    with contextlib.ExitStack() as stack:
        if check := getattr(typing, "_type_check", None):
            _replace(stack, typing, "_type_check", _remembering(check))
        _replace(stack, inspect, "getfullargspec", _quick_getfullargspec)
        if getattr(inspect.Parameter, "__slots__", None) == ("_name", "_kind", "_default", "_annotation"):
            _replace(stack, inspect.Parameter, "__init__", _quick_parameter)
        yield


def _replace(stack: contextlib.ExitStack, owner: Any, name: str, value: Any) -> None:
    """Sets an attribute until the stack is closed."""
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


def _remembering(check: Any) -> Any:
    """The function, which checks a type, but converts the same string once."""
    known: dict[str, Any] = {}

    def checked(argument: Any, message: Any, *more: Any, **options: Any) -> Any:
        if type(argument) is not str or more or options:
            return check(argument, message, *more, **options)
        if argument not in known:
            known[argument] = check(argument, message)
        return known[argument]

    return checked


_getfullargspec = inspect.getfullargspec

_DESCRIBED_BY = {"__signature__", "__text_signature__", "_partialmethod"}
"""Attributes by which a function has others describe it."""


def _quick_getfullargspec(function: Any) -> inspect.FullArgSpec:
    """As that of Python, which makes a signature first, and then takes it apart."""
    if type(function) is not FunctionType or not _DESCRIBED_BY.isdisjoint(vars(function)):
        return _getfullargspec(function)
    code = function.__code__
    names, end = code.co_varnames, code.co_argcount + code.co_kwonlyargcount
    has_more, has_options = bool(code.co_flags & inspect.CO_VARARGS), bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return inspect.FullArgSpec(
        list(names[: code.co_argcount]),
        names[end] if has_more else None,
        names[end + has_more] if has_options else None,
        function.__defaults__ or None,
        list(names[code.co_argcount : end]),
        dict(function.__kwdefaults__) if function.__kwdefaults__ else None,
        dict(function.__annotations__),
    )


_parameter = inspect.Parameter.__init__


def _quick_parameter(
    self: Any,
    name: Any,
    kind: Any,
    *,
    default: Any = inspect.Parameter.empty,
    annotation: Any = inspect.Parameter.empty,
) -> None:
    """As that of Python, which also looks whether the kind is one."""
    plain = kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and type(name) is str
    if plain and name.isidentifier() and not iskeyword(name):
        self._name, self._kind, self._default, self._annotation = name, kind, default, annotation
    else:
        _parameter(self, name, kind, default=default, annotation=annotation)


def load_libraries() -> None:
    """Loads the libraries of TensorFlow on Linux as its import would, but so that other threads go on.

    That takes a sixth of the import, though names of functions are looked up only when those are called. Whatever fails
    does so again there.
    """
    package = find_spec("tensorflow") if sys.platform == "linux" and "tensorflow" not in sys.modules else None
    if package is None or package.origin is None or not is_claimed():
        return
    import ctypes  # only here, because most commands need none

    load = ctypes.CDLL(None).dlopen  # a call of a function of C lets other threads run, Python's own import does not
    load.argtypes, load.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    for name in _LIBRARIES:
        load(os.fsencode(Path(package.origin).parent / name), os.RTLD_LAZY)
