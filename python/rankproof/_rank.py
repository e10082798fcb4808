"""Ranks of weights that were recorded while a network learned."""

from __future__ import annotations

import glob as globbing
import html
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rankproof import _native
from rankproof._arrays import Array, to_numpy
from rankproof._options import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

_PathLike = str | os.PathLike[str]

# Sides of the movement as the JSON calls them, and as a table does.
SIDES = {"rows": "rows", "columns": "columns", "steps": "time courses"}


class Record(dict[str, Any]):
    """A dictionary whose entries are attributes too: ``report.effective.rows.r95``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name!r}, only {', '.join(self)}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class WeightReport:
    """In how few dimensions weights moved, and what is known of why.

    Weights that are split into gates have a report for each: ``report.gates["i"]``.

    Attributes
    ----------
    sentence : str
        The answer.
    text : str
        The first screen of the command line.
    gates : dict of str to WeightReport
        Empty of weights that are not split.
    """

    def __init__(self, json_text: str, text: str, sentences: Sequence[str]) -> None:
        self._json = json_text
        self._record: Record = json.loads(json_text, object_hook=Record)
        self.text = text
        self.gates: dict[str, WeightReport] = {}
        if "gates" not in self._record:
            (self.sentence,) = sentences
            return
        # Numbers keep their bits: what Python writes is the shortest text that reads the same.
        for record, sentence in zip(self._record["gates"], sentences, strict=True):
            gate = WeightReport(json.dumps(record), sentence + "\n", [sentence])
            self.gates[record["gate"]] = gate
        self.sentence = " ".join(f"{name}: {gate.sentence}" for name, gate in self.gates.items())

    def to_dict(self) -> dict[str, Any]:
        """What ``rankproof rank --json`` writes."""
        found: dict[str, Any] = json.loads(self._json)
        return found

    def to_json(self) -> str:
        """The same as text."""
        return self._json

    def _each(self, part: Callable[[Record], Any]) -> Any:
        """A part of the record; of gates a record of those."""
        if self.gates:
            return Record((name, gate._each(part)) for name, gate in self.gates.items())
        return part(self._record)

    @property
    def effective(self) -> Any:
        """In how few dimensions the movement lies: ``effective.rows.r95`` and others."""
        return self._each(lambda record: record["effective"])

    @property
    def cp(self) -> Any:
        """The CP terms that hold 90, 95 and 99 % of the movement; None without movement."""
        return self._each(lambda record: record["effective"]["cp"])

    @property
    def null(self) -> Any:
        """What random walks with steps as long need: the 5th, 50th and 95th percentile."""
        return self._each(lambda record: record["effective"]["null"])

    @property
    def bounds(self) -> Any:
        """The bounds of theorems beside what was found; None if exact ranks were not computed."""
        return self._each(lambda record: record["bounds"])

    @property
    def precision(self) -> Any:
        """What the values were rounded to, and how that is known."""
        return self._each(lambda record: record["precision"])

    @property
    def shape(self) -> Any:
        """(K + 1, N, M)."""
        return self._each(lambda record: tuple(record["shape"]))

    def plot(self) -> Figure:
        """Draw the share of the movement that so many dimensions hold; needs matplotlib."""
        from rankproof._plot import figure

        return figure({name: gate.effective for name, gate in self.gates.items()} or {"": self.effective})

    def __repr__(self) -> str:
        return self.sentence

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        parts = self.gates or {"": self}
        tables = "".join(_table(name, part.effective) for name, part in parts.items())
        screen = html.escape(self.text)
        return (
            f"<p>{html.escape(self.sentence)}</p>{tables}"
            f"<details><summary>more</summary><pre>{screen}</pre></details>"
        )


def _table(gate: str, effective: Record) -> str:
    """Dimensions for each share; in brackets the median of random walks, of CP terms how many 95 % of
    them need at least, as in the text."""
    head = "".join(f"<th>{text}</th>" for text in (gate, "90 %", "95 %", "99 %"))
    rows = [("CP terms", effective["cp"], effective["null"])]
    null = effective["null"] or {}
    rows += [(name, effective[side], null.get(side)) for side, name in SIDES.items()]
    body = ""
    for name, found, walk in rows:
        if found is None:
            continue
        cells = ""
        for share in ("r90", "r95", "r99"):
            number = f"&gt;{found['limit']}" if found[share] is None else str(found[share])
            if chance := walk[share] if walk else None:
                of_terms = found is effective["cp"]
                number += f" ({chance}+)" if of_terms else f" ({chance[1]:g})"
            cells += f"<td>{number}</td>"
        body += f"<tr><td>{name}</td>{cells}</tr>"
    return f"<table><tr>{head}</tr>{body}</table>"


def rank(
    W: Any,
    *,
    steps: Sequence[int] | None = None,
    inputs: Any = None,
    outputs: Any = None,
    split: int | Sequence[str] | None = None,
    delta: bool = False,
    exact: bool | None = None,
    precision: str | int | None = None,
    array: str | None = None,
    axes: str | Sequence[str] | None = None,
    skip_diverged: bool = False,
    progress: bool = True,
) -> WeightReport:
    """In how few dimensions, and in how few CP terms, nearly all of the movement of weights lies.

    The movement is the squared norm of the increments W_k - W_0. Beside it stands what random walks
    need whose steps are as long.

    Parameters
    ----------
    W
        The weights before learning and after each of K learning steps: an array of shape
        (K + 1, N, M), or K + 1 arrays or tensors of shape (N, M). They are read where they are, a
        matrix at a time, whatever their order and strides. Or a file, a folder or a pattern
        (``"run/step*.pt"``) of checkpoints, or a list of files.
    steps
        The numbers of the steps, K + 1 of them, if they are others than 0..K. Those of files are in
        their names.
    inputs, outputs
        Input weights (N, d_in), or a list of these, biases and initial states; and the readout
        (d_out, N): with them the movement is held against the spaces of theorems. Of files the names
        of the arrays.
    split
        Gates whose rows are stacked, each of which is answered for: how many, or their names. Those
        of an LSTM or a GRU are four or three.
    delta
        Exact tensor ranks of the increments instead of the weights.
    exact
        True for exact ranks also where they take minutes, False for none; where they take seconds
        if not given.
    precision
        What the values were rounded to, in place of what they tell: ``"f16"``, ``"bf16"``, ``"f32"``,
        ``"f64"``, or the number of significant digits with which they were printed.
    array, axes, skip_diverged
        Of files alone: the name of the array, what its axes are (``"step,row,column"``), and whether
        the last steps are left out if they are not finite.
    progress
        Show a bar of tqdm, if it is there, from the second second on.

    Returns
    -------
    WeightReport

    Raises
    ------
    ValueError
        If the weights are not what is expected, with the sentence of the command line.
    OSError
        If a file is not there or cannot be read.
    TypeError
        If an argument is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> import rankproof
    >>> step = np.outer(np.sin(np.arange(20.0)), np.cos(np.arange(20.0)))
    >>> report = rankproof.rank(np.array([k**0.5 * step for k in range(6)]))
    >>> report.effective.rows.r95
    1
    """
    common: dict[str, Any] = {"delta": delta, "exact": exact, "precision": precision}
    files = _files(W)
    if files is not None:
        if steps is not None:
            raise TypeError("steps: is for arrays, and files have numbers in their names")
        if split is not None and not isinstance(split, (int, np.integer)):
            raise TypeError("split: has names, expected how many gates; those of files are known")
        named = {"inputs": _names(inputs), "outputs": outputs, "axes": _names(axes)}
        given = {"array": array, "split": split, "skip_diverged": skip_diverged, **named, **common}
        with _shown(progress) as show:
            arguments = ["rankproof", "rank", *options(given), "--", *files]
            return WeightReport(*_native.rank_files(arguments, small=exact is None, progress=show))
    of_files = {"array": array, "axes": axes, "skip_diverged": skip_diverged or None}
    for name, value in of_files.items():
        if value is not None:
            raise TypeError(f"{name}: is for files, and W is in memory")
    matrices, stored = _matrices(W)
    return rank_matrices(
        matrices,
        stored,
        steps=steps,
        inputs=inputs,
        outputs=outputs,
        split=split,
        progress=progress,
        **common,
    )


def rank_matrices(
    matrices: Sequence[Array],
    stored: str,
    *,
    steps: Sequence[int] | None = None,
    inputs: Any = None,
    outputs: Any = None,
    split: int | Sequence[str] | None = None,
    delta: bool = False,
    exact: bool | None = None,
    precision: str | int | None = None,
    progress: bool = True,
) -> WeightReport:
    """As `rank`, of matrices whose numbers were stored in this type."""
    if (inputs is None) != (outputs is None):
        raise ValueError("inputs and outputs go together, expected both or neither")
    with _shown(progress) as show:
        found = _native.rank_arrays(
            matrices,
            stored,
            gates=_gates(split, matrices),
            inputs=[] if inputs is None else _channels("inputs", inputs),
            outputs=None if outputs is None else _channels("outputs", outputs)[0],
            steps=_numbers(steps, len(matrices)),
            increments=delta,
            exact=exact,
            precision=None if precision is None else str(precision),
            progress=show,
        )
    return WeightReport(*found)


def _files(W: Any) -> list[str] | None:
    """The paths that W names, if it does; a pattern is all that fits it."""
    if isinstance(W, (str, os.PathLike)):
        path = os.fsdecode(W)
        if globbing.has_magic(path) and not os.path.exists(path):
            found = sorted(globbing.glob(path))
            if not found:
                raise FileNotFoundError(f"{path}: no file fits this pattern, expected checkpoints")
            return found
        return [path]
    if isinstance(W, (list, tuple)) and W and all(isinstance(w, (str, os.PathLike)) for w in W):
        return [os.fsdecode(path) for path in W]
    return None


def _names(names: Any) -> Any:
    """One text with commas of a list of names."""
    return tuple(names) if isinstance(names, list) else names


def _matrices(W: Any) -> tuple[list[Array], str]:
    """The matrices W_0..W_K, and the type in which they were stored."""
    if isinstance(W, (list, tuple)) or not (hasattr(W, "shape") or hasattr(W, "__array__")):
        if not isinstance(W, Iterable):
            raise TypeError(f"W: is a {type(W).__name__}, expected an array or a list of arrays")
        return _listed(W)
    whole, stored = named("W", W)
    if whole.ndim != 3:
        axes = "axis" if whole.ndim == 1 else "axes"
        raise ValueError(
            f"W: has {whole.ndim} {axes} {whole.shape}, expected 3 (step, row, column)"
        )
    return list(whole), stored


def _listed(W: Iterable[Any]) -> tuple[list[Array], str]:
    matrices: list[Array] = []
    stored = ""
    for k, one in enumerate(W):
        matrix, of_this = named(f"W_{k}", one)
        if matrix.ndim != 2:
            axes = "axis" if matrix.ndim == 1 else "axes"
            raise ValueError(
                f"W_{k}: has {matrix.ndim} {axes} {matrix.shape}, expected 2 (row, column)"
            )
        if k > 0 and of_this != stored:
            raise ValueError(f"W_{k}: is of {of_this}, expected {stored} as W_0")
        matrices.append(matrix)
        stored = of_this
    return matrices, stored or "float64"


def named(name: str, values: Any) -> tuple[Array, str]:
    """As `to_numpy`, with errors that begin with a name."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name}: has masked entries, expected numbers everywhere")
    try:
        return to_numpy(values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    except TypeError as error:
        # Of whatever kind: those of other packages are not made of a sentence.
        raise TypeError(f"{name}: {error}") from error


def _gates(split: int | Sequence[str] | None, matrices: Sequence[Array]) -> list[str]:
    if split is None:
        return []
    if isinstance(split, str):
        raise TypeError("split: is a text, expected how many gates, or a list of their names")
    if isinstance(split, (int, np.integer)):
        if split < 1:
            raise ValueError(f"split: is {split}, expected at least 1")
        names = [str(gate) for gate in range(1, split + 1)]
    else:
        names = [str(name) for name in split]
    if len(names) < 2:
        return []
    if len(set(names)) < len(names):
        raise ValueError("split: has a name twice, expected a name for each gate")
    if matrices and matrices[0].shape[0] % len(names):
        rows = matrices[0].shape[0]
        raise ValueError(f"W: has {rows} rows, expected as many as split = {len(names)} divides")
    return names


def _numbers(steps: Sequence[int] | None, count: int) -> list[int] | None:
    if steps is None:
        return None
    numbers = [int(step) for step in steps]
    if len(numbers) != count:
        raise ValueError(f"steps: are {len(numbers)}, expected {count}, one for each of the weights")
    later = zip(numbers, numbers[1:], strict=False)
    if numbers and numbers[0] < 0 or any(first >= second for first, second in later):
        raise ValueError("steps: expected whole numbers from 0 on, each larger than the one before")
    return numbers


def _channels(name: str, given: Any) -> list[npt.NDArray[np.float64]]:
    several = given if name == "inputs" and isinstance(given, (list, tuple)) else [given]
    # A list of numbers is one column.
    if all(np.isscalar(one) for one in several):
        several = [np.asarray(given)]
    return [named(name, one)[0].astype(np.float64) for one in several]


@contextmanager
def _shown(progress: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """What shows how far work is that takes more than a second, if it is to be shown."""
    bars = _bars() if progress else None
    if bars is None:
        yield None
        return
    begin, bar = time.monotonic(), None

    def show(what: str, done: int, everything: int) -> None:
        nonlocal bar
        if bar is None and time.monotonic() - begin >= 1.0:
            bar = bars(leave=False)
        if bar is not None:
            bar.set_description(what, refresh=False)
            bar.total, bar.n = everything, done
            bar.refresh()

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()


def _bars() -> Any:
    """The bars of tqdm, if they are there: of text in a terminal, in a notebook as widgets."""
    try:
        if "ipykernel" in sys.modules:
            import ipywidgets  # noqa: F401
            from tqdm.notebook import tqdm as widgets

            return widgets
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            return tqdm
    except ImportError:
        pass
    return None
