"""Hypothesis strategies for wire types, read off their annotations: whatever a type allows, a test gets to see."""

import types
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from protocol.ops import Village

LIST_MAX = 4
"""Long enough for order and repetition to matter."""
INT_MAX = 2**63 - 1


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a wire type within its limits."""
    return _strategy(kind, msgspec.Meta())


def _strategy(kind: Any, limits: msgspec.Meta) -> st.SearchStrategy[Any]:
    if kind == Village:
        return st.from_regex(r"[0-9]{10}", fullmatch=True).filter(str.isascii)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _strategy(arguments[0], next(a for a in arguments[1:] if isinstance(a, msgspec.Meta)))
    if origin in (Union, types.UnionType):
        return st.one_of(*(_strategy(a, limits) for a in arguments))
    if origin is list:
        return st.lists(values_of(arguments[0]), max_size=min(LIST_MAX, limits.max_length or LIST_MAX))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(values_of(arguments[0]), max_size=LIST_MAX).map(tuple)
        return st.tuples(*(values_of(a) for a in arguments))
    return _plain(kind, limits)


def _plain(kind: Any, limits: msgspec.Meta) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{name: values_of(hints[name]) for name in kind.__struct_fields__})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    made: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
        type(None): st.none,
        bool: st.booleans,
        int: lambda: st.integers(
            limits.ge if limits.ge is not None else -(2**63), limits.le if limits.le is not None else INT_MAX
        ),
        str: lambda: st.text(max_size=min(limits.max_length or 20, 20)),
        bytes: lambda: st.binary(min_size=limits.min_length or 0, max_size=min(limits.max_length or 64, 64)),
    }
    return made[kind]()
