"""Imports that sentence-transformers makes and an embedding server never uses, put off until somebody calls them.

sentence-transformers imports ``sklearn.metrics`` for one function of its evaluation code, which brings in all of
scikit-learn and ``scipy.stats``: 1.5 of 5.8 seconds of CPU time of the whole import, and 40 MB.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """A module whose functions import the real module when they are called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*positional: Any, **named: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*positional, **named)

        return call


@contextmanager
def deferred(name: str) -> Iterator[None]:
    """Within it, ``from name import function`` gives functions that import the module when they are called."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = _Later(name)
    try:
        yield
    finally:
        # From now on an import is an import; calls that were put off find the real module, too.
        del sys.modules[name]
