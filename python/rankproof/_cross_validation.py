"""Cross-validation: do the weights of a recording have low tensor rank, and must they change?"""

from __future__ import annotations

import html
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, fields
from typing import Any, Protocol

from rankproof import _native
from rankproof._bars import bar
from rankproof._estimator import LowTensorRankRNN
from rankproof._options import options
from rankproof._source import Source, source_of

# The options of `fit` that `cv` has too.
_OPTIONS = set(LowTensorRankRNN().get_params()) - {"rank", "units", "progress"}


class Executor(Protocol):
    """What is used of an executor: those of `concurrent.futures`, dask and submitit have it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any: ...


@dataclass(frozen=True)
class Plan:
    """A cross-validation as other processes can have it."""

    source: Source
    options: tuple[str, ...]
    grid: str | None

    def load(self, out: str | os.PathLike[str] | None = None) -> _native.CrossValidation:
        """The cross-validation, checked, whose fits are kept in a folder if one is given."""
        return _native.CrossValidation(self.source.load(), list(self.options), self.grid, out)


# The cross-validation that this process carried out a job of last, by its source and options: an
# executor gives many jobs of one to each process.
_last: dict[tuple[str, tuple[str, ...], str | None], _native.CrossValidation] = {}


def run_job(plan: Plan, job: str) -> str:
    """Carry out one job: a function of its arguments alone, for executors.

    Parameters
    ----------
    plan : Plan
    job : str
        JSON, as the cross-validation asks for it.

    Returns
    -------
    str
        The result as JSON, as ``rankproof cv`` keeps it.
    """
    key = (plan.source.key, plan.options, plan.grid)
    found = _last.get(key)
    if found is None:
        found = plan.load()
        _last.clear()
        _last[key] = found
    return found.run_job(job)


@dataclass(frozen=True)
class Verdict:
    """What a cross-validation says; `str` is the words of the command line.

    Attributes
    ----------
    rank : int
        The tensor rank that suffices.
    constant, free : {"worse", "unclear", "better"}
        How constant weights, and weights that are free in each trial, predict beside those of low
        tensor rank (95 % confidence).
    changing_weights : {"needed", "not-needed", "undecided"}, optional
        Whether weights that change over trials are needed. This and what follows is of a search
        alone, and None with ``fixed=True``.
    difference : float, optional
        By how much the held-out loss of constant weights exceeds that of changing ones beside them, in
        the architectures that are as good as the best.
    interval : tuple of float, optional
        Its confidence interval of 95 % over folds.
    difference_of_choices, interval_of_choices : float, tuple of float, optional
        The same where each chose an architecture for itself.
    margin : float, optional
        What difference would be of no account.
    permutation_p, permutation_p_across_epochs : float, optional
        The share of orders of trials with which changing weights predict as well.
    permutations, permutations_across_epochs : int, optional
        How many other orders were tried.
    stable : tuple of int, optional
        In how many architectures changing weights predict clearly better, of how many.
    best_model : str, optional
        That of the least held-out loss.
    of_trials : tuple of bool, optional
        Whether trials could have initial states, gains and inputs of their own.
    assumptions : dict, optional
        What all models had in common, with ``fixed=True``.
    words : str
        All of it in words.
    """

    rank: int
    constant: str
    free: str
    words: str
    changing_weights: str | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    difference_of_choices: float | None = None
    interval_of_choices: tuple[float, float] | None = None
    margin: float | None = None
    permutation_p: float | None = None
    permutations: int | None = None
    permutation_p_across_epochs: float | None = None
    permutations_across_epochs: int | None = None
    stable: tuple[int, int] | None = None
    best_model: str | None = None
    of_trials: tuple[bool, bool, bool] | None = None
    assumptions: dict[str, Any] | None = None

    @classmethod
    def _of(cls, found: Mapping[str, Any], words: str) -> Verdict:
        def value(name: str) -> Any:
            one = found.get(name)
            return tuple(one) if isinstance(one, list) else one

        parts = {part.name: value(part.name) for part in fields(cls) if part.name != "words"}
        return cls(words=words, **parts)

    def __str__(self) -> str:
        return self.words


class CrossValidationSummary:
    """What a cross-validation came to.

    Attributes
    ----------
    rank, units : int
        What was chosen: the smallest rank whose loss on validation entries is within one standard
        error of the best, and the number of units that is best for it.
    verdict : Verdict
    """

    def __init__(self, line: str, verdict: str, text: str) -> None:
        self._line, self._text = line, text
        self._found: dict[str, Any] = json.loads(line)
        self.rank = int(self._found["chosen"])
        self.units = int(self._found["units"])
        self.verdict = Verdict._of(self._found["verdict"], verdict)

    def to_dict(self) -> dict[str, Any]:
        """The ``summary.json`` of ``rankproof cv``."""
        found: dict[str, Any] = json.loads(self._line)
        return found

    def to_json(self) -> str:
        """The same as the text of the file, without the end of the line."""
        return self._line

    @property
    def table(self) -> Any:
        """Of each rank the loss and R2 on held-out entries, means over folds with standard errors: a
        DataFrame, or a list of dicts where pandas is not there. ``validation`` is the loss by which
        the rank is chosen."""
        return _frame(self._ranks())

    @property
    def comparisons(self) -> Any:
        """Of each model the same, and by how much its loss exceeds that of low tensor rank on the
        same folds (``worse_by``): a DataFrame, or a list of dicts."""
        return _frame(self._models())

    def _ranks(self) -> list[dict[str, Any]]:
        return [
            {
                "rank": size["rank"],
                "units": size["units"],
                **_estimate(size),
                "validation": _number(size["validation"]["mean"]),
                "validation_se": _number(size["validation"]["se"]),
                "chosen": size["rank"] == self.rank,
            }
            for size in self._found["ranks"]
        ]

    def _models(self) -> list[dict[str, Any]]:
        search = self._found.get("search")
        own = (
            search["low_tensor_rank"]
            if search
            else next(size for size in self._found["ranks"] if size["rank"] == self.rank)
        )
        rows = [{"model": "low_tensor_rank", **_estimate(own), "worse_by": 0.0, "worse_by_se": 0.0}]
        for name, found in self._found["comparisons"].items():
            rows.append(
                {
                    "model": name,
                    **_estimate(found),
                    "worse_by": _number(found["excess"]),
                    "worse_by_se": _number(found["excess_se"]),
                }
            )
        return rows

    def plot(self, axes: Any = None) -> Any:
        """Draw the held-out loss of each rank, with one standard error, beside that of other models,
        with matplotlib.

        Returns
        -------
        matplotlib.axes.Axes
        """
        import matplotlib.pyplot as plt

        if axes is None:
            axes = plt.figure(figsize=(6, 3.5), layout="constrained").add_subplot()
        ranks = self._ranks()
        numbers = [size["rank"] for size in ranks]
        losses, errors = ([size[name] for size in ranks] for name in ("loss", "se"))
        axes.errorbar(numbers, losses, errors, fmt="o-", color="black", label="low tensor rank")
        words = dict(_native.compared_models())
        for place, model in enumerate(self._models()[1:]):
            label = words[model["model"]]
            axes.axhline(model["loss"], color=f"C{place}", linewidth=1, label=label)
        axes.set(xlabel="tensor rank", ylabel="held-out loss", xticks=numbers)
        axes.set_title(f"tensor rank {self.rank} chosen")
        axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
        return axes

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        answer = self.verdict.changing_weights
        needed = f", changing weights {answer}" if answer else ""
        return f"<CrossValidationSummary: tensor rank {self.rank}{needed}>"

    def _repr_html_(self) -> str:
        words = html.escape(str(self.verdict)).replace("\n", "<br>")
        tables = (_html_table(rows) for rows in (self._ranks(), self._models()))
        return f"<p>{words}</p>{''.join(tables)}"


def _estimate(found: Mapping[str, Any]) -> dict[str, float]:
    names = {
        "loss": "mean",
        "se": "se",
        "r2": "r2",
        "r2_se": "r2_se",
        "bits_per_spike": "bits_per_spike",
    }
    numbers = {name: _number(found[key]) for name, key in names.items()}
    if math.isnan(numbers["bits_per_spike"]):
        # There are no spikes.
        del numbers["bits_per_spike"]
    return numbers


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _frame(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)


def _html_table(rows: Sequence[Mapping[str, Any]]) -> str:
    def cell(value: Any) -> str:
        text = f"{value:.4f}" if isinstance(value, float) else html.escape(str(value))
        return f"<td>{text}</td>"

    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(map(cell, row.values()))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cross_validate(
    X: Any,
    *,
    ranks: Iterable[int] = range(1, 7),
    units: Iterable[int] = (50,),
    seeds: int | None = None,
    folds: int | None = None,
    split: str = "blocks",
    fixed: bool = False,
    grid: Mapping[str, Any] | None = None,
    permutations: int = 19,
    condition: Any = None,
    epoch: Any = None,
    trial: Any = None,
    bin_seconds: float | None = None,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
    **model: Any,
) -> CrossValidationSummary:
    """Choose the tensor rank of a recording's weights by cross-validation, and compare.

    It is what ``rankproof cv`` does, with the same numbers to the last bit, on any executor: every
    fold holds out other entries; networks of changing, constant and free weights each choose their
    own architecture, and models without a network predict the same entries.

    Parameters
    ----------
    X : array_like, shape (trials, time, neurons), or Recording, or path of one
        NaN where nothing was recorded. Integers are counts of spikes, floats are values.
    ranks, units : iterable of int
        To choose from.
    seeds : int, optional
        Random starts: with `fixed` of each fit, whose losses are averaged (1 if not given); else of
        the fits that the answer rests on, whose predictions are averaged (2).
    folds : int, optional
        How often other entries are held out. If not given 10, with `fixed` 5, or as many as find
        entries of their own; models choose in the first five.
    split : {"blocks", "future", "neurons"}
        What a fold holds out for testing.
    fixed : bool
        Search nothing: all networks have the architecture of `model`.
    grid : mapping, optional
        The candidates to search, in the form of ``rankproof cv --print-grid``.
    permutations : int
        Orders of trials with which changing weights are fitted again; less than 19 cannot tell at
        the level of 5 %.
    condition, epoch, trial, bin_seconds : optional
        Of the trials of an array, as for `LowTensorRankRNN.fit`.
    out : path, optional
        A folder in which every finished fit is kept, as ``rankproof cv --out`` keeps it: if this
        process is interrupted or dies, the same call goes on, and so does the command. More ranks,
        units, seeds or folds take the fits that are there. Workers that were forked outlive a process
        that is killed, and keep the folder until they are ended too.
    executor : optional
        Whatever has `submit`; if not given, the threads of this process. A job carries the array with
        it, or the path of a Recording: of large recordings give the latter, where the other machines
        see the file. Each job runs on one thread, if `threads` says nothing else. Besides the pools of
        `concurrent.futures`:

        - dask: ``client.get_executor()`` of a ``distributed.Client``;
        - submitit, for Slurm: its ``AutoExecutor`` as it is;
        - ray: ``SimpleNamespace(submit=lambda f, *a: ray.remote(f).remote(*a).future())``.
    progress : bool, optional
        Show bars; if not given, on a terminal and in notebooks that have tqdm.
    **model
        The other options of ``rankproof cv`` by their names, as `LowTensorRankRNN` has them:
        ``iterations=300``, ``likelihood="poisson"``, ``precision="f64"``. Those that the search
        chooses (`initial`, `inputs`, `time_constant`, `length`, `amplitude`, `jumps`, ...) are for
        ``fixed=True``.

    Returns
    -------
    CrossValidationSummary

    Raises
    ------
    ValueError
        If something does not fit together, in the sentence of the command line.

    Examples
    --------
    >>> import numpy as np
    >>> from rankproof import cross_validate
    >>> k, t, n = np.ogrid[:40, :12, :6]
    >>> X = np.cos(0.4 * t + n) * (1 + k / 20)
    >>> found = cross_validate(X, ranks=[1, 2], units=[8], folds=4, fixed=True, iterations=400)
    >>> found.rank
    2
    """
    for name in model:
        if name not in _OPTIONS:
            raise ValueError(f"no option is called {name!r}, expected one of {sorted(_OPTIONS)}")
    source = source_of(
        X,
        condition=condition,
        epoch=epoch,
        trial=trial,
        bin_seconds=bin_seconds,
        likelihood=model.get("likelihood"),
        time_constant=model.get("time_constant"),
    )
    chosen: dict[str, Any] = {
        "ranks": _numbers("ranks", ranks),
        "units": _numbers("units", units),
        "seeds": seeds,
        "folds": folds,
        "split": split,
        "fixed": fixed,
        # Said only where it is another number: with --fixed the command line takes none.
        "permutations": None if permutations == 19 else permutations,
        **{name: tuple(v) if isinstance(v, list) else v for name, v in model.items()},
    }
    text = None if grid is None else json.dumps(grid)
    plan = Plan(source, tuple(options(chosen)), text)
    native = plan.load(out)
    carry_out = (
        _here(native, progress)
        if executor is None
        else _by(executor, _on_one_thread(plan), native.keep, progress)
    )
    return CrossValidationSummary(*native.answer(carry_out))


def _numbers(name: str, values: Iterable[int] | int) -> tuple[int, ...] | range:
    numbers: tuple[int, ...] | range
    if isinstance(values, range) and values.step == 1:
        numbers = values
    else:
        numbers = (values,) if isinstance(values, int) else tuple(values)
    if not numbers:
        raise ValueError(f"{name} is empty, expected numbers to choose from")
    return numbers


def _on_one_thread(plan: Plan) -> Plan:
    if any(option.startswith("--threads") for option in plan.options):
        return plan
    return Plan(plan.source, (*plan.options, "--threads=1"), plan.grid)


_CarryOut = Callable[[str, list[str]], list[str]]


def _here(native: _native.CrossValidation, progress: bool | None) -> _CarryOut:
    """Carries out the jobs of a stage on threads of this process."""

    def carry_out(stage: str, jobs: list[str]) -> list[str]:
        with bar(len(jobs), stage, progress) as shown:
            return native.run_jobs(jobs, lambda: shown.update())

    return carry_out


def _by(
    executor: Executor, plan: Plan, keep: Callable[[str], None], progress: bool | None
) -> _CarryOut:
    """Hands the jobs of a stage to an executor, and keeps each result when it comes."""

    def carry_out(stage: str, jobs: list[str]) -> list[str]:
        futures = [executor.submit(run_job, plan, job) for job in jobs]
        results = [""] * len(jobs)
        try:
            with bar(len(jobs), stage, progress) as shown:
                for place in _as_they_end(futures):
                    results[place] = futures[place].result()
                    keep(results[place])
                    shown.update()
        except BaseException:
            for future in futures:
                cancel = getattr(future, "cancel", None)
                if cancel is not None:
                    cancel()
            raise
        return results

    return carry_out


# How often futures are asked that cannot say by themselves that they ended.
_PAUSE = 0.05


def _as_they_end(futures: Sequence[Any]) -> Iterator[int]:
    """The places of futures in the order in which they end."""
    if all(isinstance(future, Future) for future in futures):
        places = {future: place for place, future in enumerate(futures)}
        yield from (places[future] for future in as_completed(places))
        return
    waiting = dict(enumerate(futures))
    while waiting:
        ended = [place for place, future in waiting.items() if future.done()]
        for place in ended:
            del waiting[place]
            yield place
        if not ended:
            time.sleep(_PAUSE)
