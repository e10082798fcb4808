"""Recordings of neurons, cut into trials."""

from __future__ import annotations

import html
import json
import os
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rankproof import _native


class Recording:
    """A recording cut into trials, as ``prepare`` and ``simulate`` write it.

    Attributes
    ----------
    path : pathlib.Path
        The ``.npz`` file.
    activity : ndarray, shape (neurons, bins, trials)
        NaN where nothing was recorded.
    mask : ndarray of bool, shape (neurons, bins, trials)
        True where something was recorded.
    trial : ndarray of int64, shape (trials,)
        The number of each trial in its session.
    condition, epoch : ndarray of int64, shape (trials,)
        Places in `condition_names` and `epoch_names`.
    condition_names, epoch_names, neuron_names : list of str
    bin_seconds, start_seconds : float
        The width of a bin, and where the first begins, in seconds.
    quantity : str
        ``"counts"`` or ``"values"``.
    unit : str
    behaviour : ndarray, shape (dimensions, bins, trials), or None
    behaviour_names : list of str
    provenance : object
        What made the file.
    """

    path: Path
    activity: npt.NDArray[np.float64]
    trial: npt.NDArray[np.int64]
    condition: npt.NDArray[np.int64]
    epoch: npt.NDArray[np.int64]
    bin_seconds: float
    start_seconds: float
    condition_names: list[str]
    epoch_names: list[str]
    neuron_names: list[str]
    quantity: str
    unit: str
    behaviour: npt.NDArray[np.float64] | None
    behaviour_names: list[str]
    provenance: Any

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        _native.check_recording(self.path)
        with np.load(self.path, allow_pickle=False) as arrays:
            self.activity = arrays["activity"]
            self.trial = arrays["trial"]
            self.condition = arrays["condition"]
            self.epoch = arrays["epoch"]
            self.bin_seconds = float(arrays["bin_s"])
            self.start_seconds = float(arrays["start_s"])
            self.behaviour = arrays["behaviour"] if "behaviour" in arrays.files else None
            meta = json.loads(bytes(arrays["meta"]))
        self.condition_names = meta["condition_names"]
        self.epoch_names = meta["epoch_names"]
        self.neuron_names = meta["neuron_names"]
        self.behaviour_names = meta.get("behaviour_names", [])
        self.quantity, self.unit = meta["quantity"], meta["unit"]
        self.provenance = meta["provenance"]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a file that ``prepare`` or ``simulate`` wrote.

        Raises
        ------
        ValueError
            If it is no recording.
        OSError
            If it is not there or cannot be read.
        """
        return cls(path)

    @classmethod
    def _of_folder(cls, folder: str, name: str) -> Recording:
        """A recording in a temporary folder, which goes when the recording does."""
        recording = cls(Path(folder) / name)
        weakref.finalize(recording, shutil.rmtree, folder, ignore_errors=True)
        return recording

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where something was recorded, (neurons, bins, trials)."""
        return ~np.isnan(self.activity)

    @property
    def conditions(self) -> list[str]:
        """The name of the condition of each trial."""
        return [self.condition_names[place] for place in self.condition]

    @property
    def epochs(self) -> list[str]:
        """The name of the epoch of each trial."""
        return [self.epoch_names[place] for place in self.epoch]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Neurons, bins and trials."""
        neurons, bins, trials = self.activity.shape
        return neurons, bins, trials

    def save(self, path: str | os.PathLike[str]) -> None:
        """Copy the file; one that is there is replaced."""
        target = Path(path)
        if target.exists() and target.samefile(self.path):
            return
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            shutil.copyfile(self.path, beside)
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)

    def __repr__(self) -> str:
        neurons, bins, trials = self.shape
        return (
            f"Recording: {neurons} neurons, {bins} bins of {self.bin_seconds:g} s, {trials} trials, "
            f"{len(self.condition_names)} conditions, {len(self.epoch_names)} epochs, {self.quantity}"
        )

    def _repr_html_(self) -> str:
        neurons, bins, trials = self.shape
        recorded = float(self.mask.mean()) if self.activity.size else 0.0
        rows = [
            ("neurons", str(neurons)),
            ("bins", f"{bins} of {self.bin_seconds:g} s from {self.start_seconds:g} s"),
            ("trials", str(trials)),
            ("conditions", ", ".join(self.condition_names)),
            ("epochs", ", ".join(self.epoch_names)),
            ("activity", f"{self.quantity}, {self.unit}" if self.unit else self.quantity),
            ("recorded", f"{100 * recorded:.4g} %"),
        ]
        if self.behaviour_names:
            rows.append(("behaviour", ", ".join(self.behaviour_names)))
        cells = "".join(
            f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in rows
        )
        return f"<table>{cells}</table>"
