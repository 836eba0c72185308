"""Once: what is computed once for each object, the first time that it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801  # it is written like a property
    """A property that is computed once for each object.

    Python 3.11 holds one lock for a `cached_property` of all the objects of a class, as long as it computes: a page
    would wait for the evaluation of another. Here nobody waits; an object that two threads share may compute twice.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> Value | Self:
        """Return the value, and leave it where Python finds it before it comes here again."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
