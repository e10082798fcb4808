"""What is fitted: an array of trials, or a recording in a file."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rankproof import _native
from rankproof._arrays import to_numpy

Floats = npt.NDArray[np.float64]

# The index of the label of each trial, and the labels, sorted.
Labels = tuple[tuple[int, ...], tuple[str, ...]]

# What is known of the trials of an array.
_LABELS = ("condition", "epoch", "trial", "behaviour")


@dataclass(frozen=True)
class Source:
    """A recording as other processes can have it: the path of a file, or arrays.

    An array without a width of bins has bins of one second.
    """

    path: str | None = None
    activity: Floats | None = None
    counts: bool = False
    condition: Labels | None = None
    epoch: Labels | None = None
    trial: tuple[int, ...] | None = None
    behaviour: Floats | None = None
    bin_seconds: float | None = None
    neurons: tuple[str, ...] | None = None
    # Tells one source from another without comparing arrays.
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_labelled(self) -> bool:
        """Whether anything was said of the trials."""
        return self.path is not None or any(getattr(self, name) is not None for name in _LABELS)

    def load(self) -> _native.MemoryRecording:
        """The recording, checked."""
        if self.path is not None:
            return _native.MemoryRecording.read(self.path)
        assert self.activity is not None
        return _native.MemoryRecording.of_array(
            self.activity,
            1.0 if self.bin_seconds is None else self.bin_seconds,
            self.counts,
            conditions=self.condition,
            epochs=self.epoch,
            trials=_listed(self.trial),
            neurons=_listed(self.neurons),
            behaviour=self.behaviour,
        )


def _listed(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)


def source_of(
    X: Any,
    *,
    condition: Any = None,
    epoch: Any = None,
    trial: Any = None,
    behaviour: Any = None,
    bin_seconds: float | None = None,
    likelihood: str | None = None,
    time_constant: float | None = None,
    neurons: list[str] | None = None,
) -> Source:
    """Take apart what a user gives.

    Raises
    ------
    ValueError
        If the array is none of (trials, time, neurons), or something is said of a recording that its
        file says already.
    """
    path = X if isinstance(X, (str, os.PathLike)) else getattr(X, "path", None)
    if path is not None:
        given = dict(zip(_LABELS, (condition, epoch, trial, behaviour), strict=True))
        given["bin_seconds"] = bin_seconds
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"{name} is given beside a Recording, expected an array: a Recording has its own"
                )
        return Source(path=os.fsdecode(path))
    if time_constant is not None and bin_seconds is None:
        raise ValueError(
            "time_constant is in seconds and the width of a bin is not given, expected bin_seconds"
        )
    activity, counts = _activity(X)
    numbers = None if trial is None else _numbers("trial", trial)
    return Source(
        activity=activity,
        counts=counts or likelihood in ("poisson", "negative-binomial"),
        condition=None if condition is None else _labels("condition", condition),
        epoch=None if epoch is None else _labels("epoch", epoch),
        trial=numbers,
        behaviour=None if behaviour is None else _behaviour(behaviour, activity),
        bin_seconds=bin_seconds,
        neurons=None if neurons is None else tuple(neurons),
    )


def _activity(X: Any) -> tuple[Floats, bool]:
    """As float64 (trials, time, neurons), and whether it holds counts: integers."""
    if isinstance(X, np.ma.MaskedArray):
        # What is masked is missing.
        counts = X.dtype.kind in "iub"
        array, _ = _array("X", np.where(np.ma.getmaskarray(X), np.nan, X.data))
    else:
        array, stored = _array("X", X)
        counts = stored == "integers"
    if array.ndim != 3:
        raise ValueError(
            f"X has {array.ndim} dimensions {array.shape}, expected 3 (trials, time, neurons)"
        )
    return np.ascontiguousarray(array, dtype=np.float64), counts


def _array(name: str, values: Any) -> tuple[npt.NDArray[Any], str]:
    try:
        return to_numpy(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def _behaviour(behaviour: Any, activity: Floats) -> Floats:
    array, _ = _array("behaviour", behaviour)
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[:2] != activity.shape[:2] or array.shape[2] == 0:
        trials, bins = activity.shape[:2]
        raise ValueError(
            f"behaviour has shape {np.shape(behaviour)}, expected ({trials}, {bins}, dimensions)"
        )
    return np.ascontiguousarray(array, dtype=np.float64)


def _labels(name: str, values: Any) -> Labels:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(
            f"{name} has {array.ndim} dimensions {array.shape}, expected one label for each trial"
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name} holds NaN, expected one label for each trial")
    try:
        labels, places = np.unique(array, return_inverse=True)
    except TypeError:
        raise ValueError(
            f"{name} holds labels of several types, expected texts or numbers"
        ) from None
    return tuple(places.tolist()), tuple(str(label) for label in labels.tolist())


def _numbers(name: str, values: Any) -> tuple[int, ...]:
    array = np.asarray(values)
    whole = array.dtype.kind in "iu" or (
        array.dtype.kind == "f" and bool(np.all(array == np.floor(array)))
    )
    if array.ndim != 1 or not whole:
        raise ValueError(
            f"{name} is of {array.dtype.name} {array.shape}, expected one integer for each trial"
        )
    return tuple(int(number) for number in array.tolist())
