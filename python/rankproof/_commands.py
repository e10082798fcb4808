"""Commands of the command line as functions."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rankproof import _child
from rankproof._options import Value, options
from rankproof._recording import Recording

_PathLike = str | os.PathLike[str]


class Text(str):
    """What a command printed; notebooks show it as it is."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self)}</pre>"


class Answer:
    """What a command found.

    Attributes
    ----------
    text : str
        What the command line prints.
    rows : list of dict
        Its table, a dictionary for each row.
    """

    def __init__(self, text: str, record: Any, rows: Sequence[dict[str, Any]]) -> None:
        self.text = Text(text)
        self.rows = list(rows)
        self._record = record

    def to_dict(self) -> Any:
        """What the command line writes as JSON."""
        return self._record

    @property
    def table(self) -> Any:
        """The rows as a ``pandas.DataFrame``; needs pandas."""
        import pandas

        return pandas.DataFrame(self.rows)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.text._repr_html_()


class Verification(Answer):
    """What ``verify`` found.

    Attributes
    ----------
    holds : bool
        False if a theorem is violated, or a check shows nothing.
    """

    def __init__(self, finished: _child.Finished, record: Any) -> None:
        super().__init__(finished.text, record, record["results"])
        self.holds = finished.status == 0


def verify(**keywords: Value) -> Verification:
    """Draw random tasks, train networks on them by exact gradients, and check every theorem.

    A violation is a result, not an exception.

    Parameters
    ----------
    **keywords
        The options of ``rankproof verify``: ``theorem="siso-reciprocity"`` or a list of them,
        ``arithmetic="exact"``, ``cases=1000``, ``seed=1``, ``threads=2``.

    Returns
    -------
    Verification
        ``holds``, ``rows``, ``table`` and the text of the command line.

    Raises
    ------
    ValueError, OSError
        With the sentence of the command line.
    """
    finished, record = _with_json(["verify"], keywords)
    return Verification(finished, record)


def explore(**keywords: Value) -> Answer:
    """Tabulate exact generic ranks over learning steps beside the best bound that a theorem gives.

    Parameters
    ----------
    **keywords
        The options of ``rankproof explore``: ``neurons=40``, ``measure="rank"``, ``lattice=True``.

    Returns
    -------
    Answer
        ``rows`` has a dictionary for each cell, of texts; none of a lattice.
    """
    if keywords.get("lattice"):
        return Answer(_child.run(["explore", *options(keywords)]).text, None, [])
    with tempfile.TemporaryDirectory() as folder:
        path = _file(keywords, "csv", folder)
        finished = _child.run(["explore", *options({**keywords, "csv": path})])
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    return Answer(finished.text, rows, rows)


def theorems(theorem: str | None = None) -> Text:
    """List the theorems, or show one in full: statement, hypotheses, bound, and where its check is."""
    return Text(_child.run(["theorems", *([theorem] if theorem is not None else [])]).text)


def inspect(path: _PathLike, **keywords: Value) -> Answer:
    """Show what is in a file: names, types, shapes, units and first values.

    Parameters
    ----------
    path
        A file of any format that is read, or a folder of ``.npy`` files.
    **keywords
        The options of ``rankproof inspect``.
    """
    finished, record = _with_json(["inspect", _operand(path)], keywords)
    return Answer(finished.text, record, record["arrays"])


def rank_table(
    files: _PathLike | Sequence[_PathLike],
    array: str | Sequence[str] = "*",
    *,
    out: _PathLike | None = None,
    **keywords: Value,
) -> Answer:
    """Rank many matrices of checkpoints, with the memory that one takes.

    Parameters
    ----------
    files
        A file, a folder of checkpoints, or a list of files.
    array
        Names of matrices, or patterns with * and ?: all if not given.
    out
        A folder for the rows as they come; a run that was stopped goes on from there.
    **keywords
        The other options of ``rankproof rank``.

    Returns
    -------
    Answer
        ``rows`` has a dictionary for each matrix, or each gate of one.
    """
    paths = [files] if isinstance(files, (str, os.PathLike)) else files
    names = array if isinstance(array, str) else ",".join(array)
    given = {"array": names, "out": out, **keywords}
    finished, record = _with_json(["rank", *map(_operand, paths)], given)
    return Answer(finished.text, record, record["matrices"])


def prepare(path: Any, *, out: _PathLike | None = None, **keywords: Value) -> Recording:
    """Cut a recording into trials.

    Parameters
    ----------
    path
        A file of any format that is read, a folder of ``.npy`` files, or what pynwb or pynapple read
        from a file: the file is read again.
    out
        Where to write the recording; without it, a temporary file that goes with the recording.
    **keywords
        The options of ``rankproof prepare``: ``spikes="units"``, ``align="trials.start_time"``,
        ``window=(-0.5, 1)``, ``bin=0.05``. A list gives an option more than once:
        ``where=["success=1", "RT<2"]``.

    Raises
    ------
    ValueError, OSError
        With the sentence of the command line.
    """
    return _recording(["prepare", _operand(_source(path))], out, keywords)


def simulate(*, out: _PathLike | None = None, **keywords: Value) -> Recording:
    """Draw a network whose weights change over trials with a known tensor rank, and record it.

    Parameters
    ----------
    out
        Where to write the recording; without it, a temporary file that goes with the recording.
    **keywords
        The options of ``rankproof simulate``: ``neurons=100``, ``trials=200``, ``bins=40``,
        ``rank=3``, ``seed=1``.
    """
    return _recording(["simulate"], out, keywords)


def _recording(
    arguments: list[str], out: _PathLike | None, keywords: dict[str, Value]
) -> Recording:
    if out is not None:
        _child.run([*arguments, *options({**keywords, "out": Path(out)})])
        return Recording(out)
    folder = tempfile.mkdtemp(prefix="rankproof-")
    try:
        _child.run([*arguments, *options({**keywords, "out": Path(folder) / "recording.npz"})])
        return Recording._of_folder(folder, "recording.npz")
    except BaseException:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        raise


def _source(given: Any) -> _PathLike:
    """A path, or the file from which pynwb or pynapple read an object."""
    if isinstance(given, (str, os.PathLike)):
        return given
    path: str | None = getattr(getattr(given, "nwb", given), "container_source", None)
    if path is None:
        raise ValueError(
            f"path: is a {type(given).__name__} that was not read from a file, expected a path, or what "
            "pynwb or pynapple read from one"
        )
    return path


def _operand(path: _PathLike) -> str:
    """A path that is not taken for an option."""
    text = os.fsdecode(path)
    return os.path.join(os.curdir, text) if text.startswith("-") else text


def _with_json(
    arguments: list[str], keywords: dict[str, Value]
) -> tuple[_child.Finished, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = _file(keywords, "json", folder)
        finished = _child.run([*arguments, *options({**keywords, "json": path})])
        return finished, json.loads(path.read_text(encoding="utf-8"))


def _file(keywords: dict[str, Value], keyword: str, folder: str) -> Path:
    """Where the command writes: where the keyword says, or in a folder that goes."""
    path = keywords.get(keyword)
    return Path(folder) / keyword if path is None else Path(path)
