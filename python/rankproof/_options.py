"""Keywords as options of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

# What options take; `None` and `False` are as if nothing was said.
Value = Any


def options(keywords: Mapping[str, Value]) -> list[str]:
    """Options of the command line.

    ``bin_seconds=0.05`` is ``--bin-seconds=0.05``, ``True`` a flag, a list an option that is given more
    than once, a tuple a value with commas (``window=(-0.5, 1)``), ``range(1, 6)`` is ``1..5``. A
    trailing underscore is left out.

    Raises
    ------
    TypeError
        If a value is nothing of these.
    """
    found: list[str] = []
    for keyword, value in keywords.items():
        flag = "--" + keyword.rstrip("_").replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            if one is True or isinstance(one, np.bool_) and one:
                found.append(flag)
            elif one is not None and not isinstance(one, (bool, np.bool_)):
                found.append(f"{flag}={text(keyword, one)}")
    return found


def text(keyword: str, value: Value) -> str:
    """A value as the command line reads it."""
    if isinstance(value, (str, os.PathLike)):
        return os.fsdecode(value)
    if isinstance(value, range) and value.step == 1 and len(value) > 0:
        return f"{value[0]}..{value[-1]}"
    if isinstance(value, (tuple, range)) or isinstance(value, np.ndarray) and value.ndim == 1:
        return ",".join(text(keyword, one) for one in _listed(value))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    raise TypeError(
        f"{keyword}: is a {type(value).__name__}, expected a text, a number, True, a list or a tuple"
    )


def _listed(values: Iterable[Value]) -> list[Value]:
    return list(values)
