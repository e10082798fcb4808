"""Arrays of NumPy, and of whatever can be made one, with the type in which they were stored."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# Integers beyond are not all numbers of float64.
_EXACT = 2**53


def to_numpy(values: Any) -> tuple[Array, str]:
    """An array and the name of the type in which its numbers were stored; copied only where it must.

    Raises
    ------
    TypeError
        If they are no real numbers.
    ValueError
        If an integer is none of float64.
    """
    if hasattr(values, "toarray"):
        raise TypeError(f"is a sparse {type(values).__name__}, expected an array of all entries")
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        if values.dtype == torch.bfloat16:
            # NumPy has no such type; float32 has all of its numbers.
            return values.to(torch.float32).numpy(), "bfloat16"
        values = values.numpy()
    return _stored(np.asarray(values))


def _stored(array: Array) -> tuple[Array, str]:
    kind, name = array.dtype.kind, array.dtype.name
    if name == "bfloat16":
        return array.astype(np.float32), name
    if kind == "f" and array.dtype.itemsize <= 8:
        # Numbers that do not begin where their type does are copied.
        return (array if array.flags.aligned else array.copy()), f"float{8 * array.dtype.itemsize}"
    if kind in "iub":
        if kind != "b" and array.size and (array.max() > _EXACT or array.min() < -_EXACT):
            raise ValueError(
                f"holds an integer beyond 2^53, of {name}, which float64 does not tell from others"
            )
        return array, "integers"
    raise TypeError(f"holds {name}, expected floats of 16, 32 or 64 bits, integers or booleans")
