"""Secret: a text that never prints."""

from __future__ import annotations

import hmac
from typing import NoReturn

_DOTS = "••••"


class Secret:
    """A text that shows only when `reveal` is called: not in repr, str, format, JSON, pickle or the text of an error.

    Immutable; equal to a Secret with the same text (compared in constant time) and to nothing else.
    """

    __slots__ = ("__value",)
    __value: str

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"a secret is text, not {type(value).__name__}")
        object.__setattr__(self, "_Secret__value", value)

    def reveal(self) -> str:
        """The text itself. Hand it on at once; do not keep it in a variable that a traceback could show."""
        return self.__value

    def __repr__(self) -> str:
        return _DOTS

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_DOTS, spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__bytes(), other.__bytes())

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled or copied: seal it")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __bytes(self) -> bytes:
        # bytes, because compare_digest takes no text beyond ASCII; a lone surrogate is a byte that was no UTF-8
        return self.__value.encode("utf-8", "surrogatepass")
