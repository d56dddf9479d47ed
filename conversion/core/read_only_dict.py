"""`ReadOnlyDict`: a mapping that all callers share, so that none of them may change it."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class ReadOnlyDict(dict[Key, Value]):
    """A dict that refuses changes. Unlike a `MappingProxyType` it can be pickled, copied, and written as JSON.

    Examples:
        >>> ReadOnlyDict(a=1)["a"], ReadOnlyDict(a=1).copy()
        (1, {'a': 1})
    """

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("this mapping is shared and can't be changed: change a copy of it, dict(...).")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return ReadOnlyDict, (dict(self),)
