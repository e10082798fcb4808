"""The compiled half of rankproof."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__version__: str

_Progress = Callable[[str, int, int], object]
_Found = tuple[str, str, list[str]]

def main(arguments: Sequence[str]) -> int: ...
def command(arguments: Sequence[str]) -> int: ...
def check_recording(path: str | os.PathLike[str]) -> None: ...
def rank_arrays(
    arrays: Sequence[npt.NDArray[Any]],
    stored: str,
    *,
    gates: Sequence[str],
    inputs: Sequence[npt.NDArray[np.float64]],
    outputs: npt.NDArray[np.float64] | None,
    steps: Sequence[int] | None,
    increments: bool,
    exact: bool,
    precision: str | None,
    progress: _Progress | None,
) -> _Found: ...
def rank_files(arguments: Sequence[str], *, progress: _Progress | None) -> _Found: ...
