"""Weights that are written to disk as a network learns."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any

import numpy as np

from rankproof._arrays import Array
from rankproof._rank import WeightReport, named, rank_matrices

# Bytes of the header of the file, which tells how many matrices follow.
_HEADER = 128
_MAGIC = b"\x93NUMPY\x01\x00"


class History:
    """The weights of each learning step, on disk: memory holds one matrix.

    The file is an array of NumPy of shape (K + 1, N, M), whole after every `append`.

    Parameters
    ----------
    path
        Where to write it, with the end ``.npy``; without it, a temporary file that goes with the
        history.

    Examples
    --------
    >>> import numpy as np
    >>> import rankproof
    >>> history = rankproof.History()
    >>> for step in range(5):
    ...     history.append(step * np.eye(8))
    >>> history.report().effective.rows.r95
    8
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._folder: str | None = None
        if path is None:
            self._folder = tempfile.mkdtemp(prefix="rankproof-")
            path = Path(self._folder) / "weights.npy"
        elif Path(path).suffix != ".npy":
            raise ValueError(f"{os.fsdecode(path)}: is written as .npy, expected a name that ends so")
        self.path = Path(path)
        self.steps: list[int] = []
        self._shape: tuple[int, int] | None = None
        self._type: np.dtype[Any] = np.dtype(np.float64)
        self._stored = "float64"
        self._file: IO[bytes] = open(self.path, "w+b")
        self._end = weakref.finalize(self, _end, self._file, self._folder)

    def append(self, W: Any, step: int | None = None) -> None:
        """Write a matrix.

        Parameters
        ----------
        W
            The weights (N, M): an array, a tensor of torch or JAX, or anything with ``__array__``.
        step
            The number of the learning step, larger than the one before; the next one if not given.

        Raises
        ------
        ValueError
            If it has another shape or type than the first, or the step is not a later one.
        """
        matrix, stored = named(f"W_{len(self)}", W)
        last = self.steps[-1] if self.steps else -1
        number = last + 1 if step is None else int(step)
        if number <= last or number < 0:
            raise ValueError(f"step: is {number}, expected one after {last}")
        if self._shape is None:
            if matrix.ndim != 2:
                raise ValueError(f"W_0: has shape {matrix.shape}, expected 2 axes (row, column)")
            self._shape, self._stored = (matrix.shape[0], matrix.shape[1]), stored
            self._type = matrix.dtype.newbyteorder("<")
            self._write_header(0)
        if matrix.shape != self._shape:
            raise ValueError(
                f"W_{len(self)} has shape {matrix.shape}, expected {self._shape} as of W_0"
            )
        if stored != self._stored:
            raise ValueError(f"W_{len(self)}: is of {stored}, expected {self._stored} as W_0")
        self._file.seek(_HEADER + len(self) * self._bytes())
        self._file.write(np.ascontiguousarray(matrix, dtype=self._type).data)
        self.steps.append(number)
        self._write_header(len(self))

    def _bytes(self) -> int:
        rows, columns = self._shape or (0, 0)
        return rows * columns * self._type.itemsize

    def _write_header(self, count: int) -> None:
        rows, columns = self._shape or (0, 0)
        entries = f"'descr': '{self._type.str}', 'fortran_order': False, "
        text = f"{{{entries}'shape': ({count}, {rows}, {columns}), }}"
        length = _HEADER - len(_MAGIC) - 2
        self._file.seek(0)
        self._file.write(_MAGIC + length.to_bytes(2, "little"))
        self._file.write(text.ljust(length - 1).encode("ascii") + b"\n")
        self._file.flush()

    @property
    def weights(self) -> Array:
        """All of them, (K + 1, N, M): read from the file where they are looked at."""
        if self._shape is None:
            return np.zeros((0, 0, 0))
        if self._bytes() == 0:
            return np.zeros((len(self), *self._shape), self._type)
        found: Array = np.memmap(
            self.path, self._type, "r", _HEADER, (len(self), *self._shape)
        )
        return found

    def report(self, **keywords: Any) -> WeightReport:
        """What `rank` says of them.

        Parameters
        ----------
        **keywords
            Those of `rank`: `inputs`, `outputs`, `split`, `exact` and others.
        """
        return rank_matrices(list(self.weights), self._stored, steps=self._numbers(), **keywords)

    def _numbers(self) -> list[int] | None:
        """The numbers of the steps, if they are not 0..K."""
        return None if self.steps == list(range(len(self))) else self.steps

    def save(self, path: str | os.PathLike[str]) -> None:
        """Copy the file."""
        shutil.copyfile(self.path, path)

    def close(self) -> None:
        """Close the file; one that is temporary goes."""
        self._end()

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        rows, columns = self._shape or (0, 0)
        return f"History: {len(self)} matrices of {rows} x {columns} in {self.path}"


def _end(file: IO[bytes], folder: str | None) -> None:
    file.close()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
