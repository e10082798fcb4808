"""The compiled half of rankproof."""

import os
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CrossValidation",
    "Fitted",
    "MemoryRecording",
    "__version__",
    "check_recording",
    "command",
    "compared_models",
    "fit",
    "main",
    "rank_arrays",
    "rank_files",
]
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
    exact: bool | None,
    precision: str | None,
    progress: _Progress | None,
) -> _Found: ...
def rank_files(
    arguments: Sequence[str], *, small: bool, progress: _Progress | None
) -> _Found: ...

# Fits of recordings.

@final
class MemoryRecording:
    @staticmethod
    def read(path: str | os.PathLike[str]) -> MemoryRecording: ...
    @staticmethod
    def of_array(
        activity: npt.NDArray[np.float64],
        bin_seconds: float,
        counts: bool,
        *,
        conditions: tuple[Sequence[int], Sequence[str]] | None = None,
        epochs: tuple[Sequence[int], Sequence[str]] | None = None,
        trials: Sequence[int] | None = None,
        neurons: Sequence[str] | None = None,
        behaviour: npt.NDArray[np.float64] | None = None,
    ) -> MemoryRecording: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def neuron_names(self) -> list[str]: ...
    @property
    def condition_names(self) -> list[str]: ...
    @property
    def bin_seconds(self) -> float: ...
    @property
    def trial_numbers(self) -> list[int]: ...
    def is_same(self, other: MemoryRecording, labels_count: bool) -> bool: ...
    def write(self, path: str | os.PathLike[str]) -> None: ...

@final
class Fitted:
    def summary(self) -> str: ...
    def change(self) -> str | None: ...
    def losses(self) -> npt.NDArray[np.float64]: ...
    def model(self) -> dict[str, npt.NDArray[Any] | None]: ...
    def weights(self, trial: int) -> npt.NDArray[Any]: ...
    def predictions(self) -> npt.NDArray[Any]: ...
    def states(self) -> npt.NDArray[Any]: ...
    def checkpoint(self) -> bytes | None: ...
    def save(self, folder: str | os.PathLike[str]) -> None: ...
    def decode(self, folds: int, seed: int) -> str: ...
    def apply(
        self,
        recording: MemoryRecording,
        report: Callable[[int, float, float], object] | None = None,
    ) -> Fitted: ...

@final
class CrossValidation:
    def __new__(
        cls,
        recording: MemoryRecording,
        options: Sequence[str],
        grid: str | None = None,
        out: str | os.PathLike[str] | None = None,
    ) -> CrossValidation: ...
    def run_job(self, job: str) -> str: ...
    def keep(self, result: str) -> None: ...
    def run_jobs(self, jobs: Sequence[str], done: Callable[[], object]) -> list[str]: ...
    def answer(
        self, carry_out: Callable[[str, list[str]], list[str]]
    ) -> tuple[str, str, str]: ...

def compared_models() -> list[tuple[str, str]]: ...
def fit(
    recording: MemoryRecording,
    options: Sequence[str],
    roles: npt.NDArray[np.uint8] | None = None,
    report: Callable[[int, float, float], object] | None = None,
    checkpoint: bytes | None = None,
) -> Fitted: ...
