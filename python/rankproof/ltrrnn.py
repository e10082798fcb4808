"""The calls of the package ``ltrRNN``, answered by rankproof.

``from rankproof import ltrrnn as ltrRNN`` in place of ``import ltrRNN`` is the one line that changes:
`fit`, `grid_search` and `block_mask` take the same dictionaries and arrays (time x trial x neuron) as
the package of Pellegrino, Cayco-Gajic and Chadwick (https://github.com/arthur-pe/LtrRNN), and write
into the same folders. They return what that package keeps to itself, under its names.

The model is the same: trial factors with a rational quadratic kernel, an RNN in continuous time,
tanh, a linear decoder. These differ, and the numbers with them:

- Inputs are Gaussian processes in time, one for each condition, correlated over
  ``time_constant_control``, and no neural ODEs.
- ``learning_rate`` is that of parameters of another scale: 0.001 there is 0.03 here.
- Fitting ends when the loss has not fallen for about ``steps_std_convergence`` iterations.
- The orthogonal decoder has one gain.
- Integers are spikes whose likelihood is Poisson, as that package's notebook says; its version 0.0.1
  fits their squared error.
- Euler's method, in steps of a bin, or shorter ones where a bin is longer than ``time_constant``.

Hyperparameters that nothing here corresponds to are named in a warning.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rankproof._arrays import to_numpy
from rankproof._estimator import LowTensorRankRNN, NotConverged
from rankproof._source import source_of

__all__ = ["DEFAULTS", "Fit", "block_mask", "fit", "grid_search"]

Array = npt.NDArray[Any]

DEFAULTS: dict[str, Any] = {
    "seed": 1,
    "rnn_dim": 200,
    "rank": 5,
    "time_constant": 1.0,
    "noise": 0.0,
    "bias": False,
    "duration": 2,
    "orthogonal_decoder": True,
    "decoder_bias": False,
    "sigma_observation": 0.1,
    "l": 15,
    "sigma": 0.1,
    "discontinuous_covariance": False,
    "control_preparatory": True,
    "control_execution": False,
    "fit_preparatory": False,
    "condition_specific_init": False,
    "in_space_control": True,
    "control_dim": 3,
    "control_dnn_dim": [150, 150],
    "control_hidden_dim": 150,
    "time_constant_control": 2,
    "trial_rank_control": -1,
    "fraction_masked": 0.2,
    "fraction_test": 0.2,
    "learning_rate": 0.001,
    "test_freq": 50,
    "regularization": 0.01,
    "regularization_function": "square",
    "training_iterations": 3000,
    "min_std_convergence": 0.001,
    "steps_std_convergence": 200,
    "optimize": True,
}
"""The hyperparameters of that package's example: what is not given is taken from here."""

# What nothing here corresponds to, unless it has a value at which it changes nothing, and why.
_ABSENT: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "fraction_masked": ("no entries are masked at random", lambda share: share == 0),
    "control_dnn_dim": ("inputs are Gaussian processes", lambda _: False),
    "control_hidden_dim": ("inputs are Gaussian processes", lambda _: False),
    "trial_rank_control": ("inputs belong to conditions", lambda rank: rank == -1),
    "test_freq": ("figures are drawn at the end", lambda _: False),
    "regularization_function": ("the square is penalised", lambda name: name == "square"),
    "min_std_convergence": ("fitting ends when the loss falls no more", lambda _: False),
}

# The step size of parameters of unit scale for one of that package's: its usual one is 0.001.
_STEP = 30.0


class Fit:
    """A fitted network, with the names and the shapes of that package.

    Attributes
    ----------
    model : LowTensorRankRNN
        The fit, with everything that rankproof says of it.
    directory : str
        The folder with its files and figures.
    L_total, L_test : float
        The mean squared error over the entries of the two masks.
    losses : ndarray, shape (2,)
        The two over the variance of the data: what that package's training returns.
    data_estimate : ndarray, shape (time, trial, neuron)
        Predicted activity; rates, of spikes.
    rnn_mp : ndarray, shape (time, trial, rnn_dim)
        States of the network.
    """

    def __init__(
        self, model: LowTensorRankRNN, directory: str, data: Array, masks: tuple[Array, Array]
    ) -> None:
        self.model, self.directory = model, directory
        self.data_estimate: Array = model.predict().transpose(1, 0, 2)
        self.rnn_mp: Array = model.states().transpose(1, 0, 2)
        errors = np.square(self.data_estimate - data)
        self.L_total, self.L_test = (_mean(errors[mask]) for mask in masks)
        self.losses = np.array([self.L_total, self.L_test]) / np.nanvar(data)

    def get_components(self, observation: bool = False) -> list[Array]:
        """Trial factors (rank, trial), rows and columns (rank, rnn_dim), of which the latter two are
        of unit norm. The factors are those of the weights, with what is independent from trial to
        trial, whatever `observation` says."""
        model = self.model
        return [model.trial_factors_.T, model.rows_.T, model.columns_.T]

    def construct_weight(self, observation: bool = True) -> Array:
        """The weights, (trial, rnn_dim, rnn_dim): entry (k, j, i) is by how much unit j drives unit i
        in trial k."""
        weights: Array = np.einsum("rk,rj,ri->kji", *self.get_components(observation))
        return weights

    def get_initial_state(self) -> Array:
        """The states of which trials start: (conditions, rnn_dim), or one for all."""
        return self.model.initial_states_


def _mean(values: Array) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan


def fit(
    hyperparameters: Mapping[str, Any],
    neural_data: Any,
    condition: Any = None,
    times: Any = None,
    epochs: Any = None,
    trial_ids: Any = None,
    train_mask: Any = None,
    test_mask: Any = None,
    cmap_condition: Any = None,
    load_directory: str = ".",
    device: Any = None,
) -> Fit:
    """Fit a low-tensor-rank RNN; files and figures go into a folder ``./runs/all/...``.

    Parameters
    ----------
    hyperparameters : dict
        As in that package's example; see `DEFAULTS`.
    neural_data : array_like, shape (time, trial, neuron)
        Floats are rates or the like, fitted by mean squared error; integers are spikes, whose
        likelihood is Poisson. NaN where nothing was recorded.
    condition, epochs : array_like, shape (trial,), optional
        Labels.
    times : array_like, shape (time,), optional
        The preparatory period is where they are below 0.
    trial_ids : array_like of int, shape (trial,), optional
        Strictly increasing.
    train_mask, test_mask : array_like of bool, shape (time, trial, neuron), optional
        Which entries are fitted, and on which the test loss is computed; all, if not given.
    cmap_condition, device : optional
        Passed over, with a warning.
    load_directory : str
        Models of that package cannot be loaded.

    Raises
    ------
    ValueError
        If something does not fit together.
    """
    settings = _settings(hyperparameters, load_directory)
    _warn(settings, cmap_condition, device)
    arrays = (neural_data, condition, times, epochs, trial_ids, train_mask, test_mask)
    found = _fitted(settings, *arrays)
    return _kept(found, settings, _folder("runs"))


def grid_search(
    hyperparameters: Mapping[str, Any],
    neural_data: Any,
    condition: Any = None,
    times: Any = None,
    epochs: Any = None,
    trial_ids: Any = None,
    train_mask: Any = None,
    test_mask: Any = None,
    cv_hyperparameters: Mapping[str, Sequence[Any]] | None = None,
    seeds: Iterable[int] = (1, 2, 3),
    cmap_condition: Any = None,
    device: Any = None,
) -> npt.NDArray[np.float64]:
    """The test loss over a grid of two hyperparameters; files go into a folder ``./cv/all/...``.

    Parameters
    ----------
    cv_hyperparameters : dict
        Values of two hyperparameters; ``{"rnn_dim": [50, 200], "rank": [1, 2, 3, 4, 5, 10, 20]}`` if
        not given.
    seeds : iterable of int
        Fits with each.

    The others are those of `fit`.

    Returns
    -------
    ndarray, shape (first hyperparameter, second hyperparameter, seeds)
        The mean squared error on `test_mask` over the variance of the data; NaN where a fit diverged.
        ``cv_grid.npy`` in the folder has the same.
    """
    if cv_hyperparameters is None:
        cv_hyperparameters = {"rnn_dim": [50, 200], "rank": [1, 2, 3, 4, 5, 10, 20]}
    if len(cv_hyperparameters) != 2:
        raise ValueError(
            f"cv_hyperparameters has {len(cv_hyperparameters)} hyperparameters, expected 2"
        )
    settings, seeds = _settings(hyperparameters, "."), list(seeds)
    _settings(cv_hyperparameters, ".")
    _warn(settings, cmap_condition, device)
    (first, firsts), (second, seconds) = cv_hyperparameters.items()
    folder = _folder("cv")
    _write_parameters(folder, settings)
    losses = np.full((len(firsts), len(seconds), len(seeds)), np.nan)
    for place in np.ndindex(losses.shape):
        choice = {first: firsts[place[0]], second: seconds[place[1]], "seed": seeds[place[2]]}
        print(*(f"{name} {value}" for name, value in choice.items()))
        arrays = (neural_data, condition, times, epochs, trial_ids, train_mask, test_mask)
        try:
            found = _fitted({**settings, **choice}, *arrays)
        except RuntimeError as error:
            # It diverged: others may not.
            print(error)
        else:
            run = _new(folder / _now())
            losses[place] = _kept(found, {**settings, **choice}, run).losses[1]
        np.save(folder / "cv_grid.npy", losses)
    _draw(losses, (first, firsts), (second, seconds), folder)
    return losses


class Mask(np.ndarray[Any, np.dtype[np.bool_]]):
    """Which entries count, with the methods of tensors that are called of masks."""

    def float(self) -> npt.NDArray[np.float32]:
        """Ones and zeros."""
        return np.asarray(self).astype(np.float32)

    def numpy(self, *, force: bool = False) -> npt.NDArray[np.bool_]:
        """The array."""
        return np.asarray(self)


def block_mask(
    dimensions: Iterable[int],
    train_blocks_dimensions: Iterable[int],
    test_blocks_dimensions: Iterable[int],
    fraction_test: float,
    exact: bool = True,
    device: Any = None,
    *,
    seed: int | None = None,
) -> tuple[Mask, Mask]:
    """Masks of entries for training and for testing: blocks, the former without a margin.

    Parameters
    ----------
    dimensions : iterable of int
        The shape of the masks.
    train_blocks_dimensions, test_blocks_dimensions : iterable of int
        Half of the size of the blocks that are not trained on, and of those that are tested: a block
        has ``2 * size + 1`` entries along each dimension, where it does not leave the array.
    fraction_test : float
        The share of the entries for testing, at most.
    exact : bool
        As many blocks as make that share, or so many in the mean.
    device : optional
        Passed over, with a warning.
    seed : int, optional
        Names the blocks; if not given, they are drawn from the state of `numpy.random`.

    Returns
    -------
    train_mask, test_mask : ndarray of bool
        True where an entry counts.
    """
    if device not in (None, "cpu"):
        _warn_of_device()
    shape = tuple(int(size) for size in dimensions)
    outer, inner = (
        [int(half) for half in of] for of in (train_blocks_dimensions, test_blocks_dimensions)
    )
    if not len(shape) == len(outer) == len(inner):
        raise ValueError(
            f"blocks have {len(outer)} and {len(inner)} dimensions, expected {len(shape)} as the masks"
        )
    if any(a < b for a, b in zip(outer, inner, strict=True)):
        raise ValueError(
            f"train_blocks_dimensions {outer} is below test_blocks_dimensions {inner}, expected no less"
        )
    entries = math.prod(shape)
    blocks = int(fraction_test * entries / math.prod(1 + 2 * half for half in inner))
    random: Any = np.random if seed is None else np.random.default_rng(seed)
    if exact:
        places = random.permutation(entries)[:blocks]
    else:
        places = np.flatnonzero(random.random(entries) < blocks / max(entries, 1))
    train, test = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    starts = np.stack(np.unravel_index(places, shape), axis=-1)
    for start in starts:
        train[_block(start, outer)] = False
        test[_block(start, inner)] = True
    return train.view(Mask), test.view(Mask)


def _block(start: Array, half: list[int]) -> tuple[slice, ...]:
    pairs = zip(start.tolist(), half, strict=True)
    return tuple(slice(max(place - size, 0), place + size + 1) for place, size in pairs)


def _settings(hyperparameters: Mapping[str, Any], load_directory: str) -> dict[str, Any]:
    settings = {**DEFAULTS, **hyperparameters}
    if load_directory != "." or not settings["optimize"]:
        raise ValueError(
            "load_directory and optimize=False load a model of torch, which cannot be read here"
        )
    return settings


def _warn(settings: Mapping[str, Any], cmap_condition: Any, device: Any) -> None:
    absent = [
        f"{name} ({reason})"
        for name, (reason, changes_nothing) in _ABSENT.items()
        if not changes_nothing(settings[name])
    ]
    absent += [f"{name} (unknown)" for name in settings if name not in DEFAULTS]
    if cmap_condition is not None:
        absent.append("cmap_condition (figures have colours of their own)")
    if absent:
        warnings.warn(f"passed over: {', '.join(absent)}", stacklevel=3)
    if device not in (None, "cpu"):
        _warn_of_device()


def _warn_of_device() -> None:
    warnings.warn("passed over: device (all is computed on the processor)", stacklevel=4)


# A model that is fitted, the bins that it was fitted to, and the masks of training and testing.
_Found = tuple[LowTensorRankRNN, Array, tuple[Array, Array]]


def _fitted(
    settings: Mapping[str, Any],
    neural_data: Any,
    condition: Any,
    times: Any,
    epochs: Any,
    trial_ids: Any,
    train_mask: Any,
    test_mask: Any,
) -> _Found:
    data = _data(neural_data)
    start = _start(times, data.shape[0])
    bin_seconds = float(settings["duration"]) / max(data.shape[0] - start - 1, 1)
    data = data if settings["fit_preparatory"] else data[start:]
    train, test = _mask("train_mask", train_mask, data), _mask("test_mask", test_mask, data)
    variance = _variance(data, train)
    model = _model(settings, data.dtype.kind in "iub", variance, bin_seconds, start)
    source = source_of(
        data.transpose(1, 0, 2),
        condition=condition,
        epoch=epochs,
        trial=trial_ids,
        bin_seconds=bin_seconds,
        likelihood=model.likelihood,
        time_constant=model.time_constant,
    )
    names = ("Time", "Trial", "Neuron", "Condition")
    sizes = (*data.shape, len(source.condition[1]) if source.condition else 1)
    print("Dimensions -", *(f"{name}: {size}" for name, size in zip(names, sizes, strict=True)))
    roles = np.where(train, _TRAIN, np.where(test, _TEST, _UNUSED)).astype(np.uint8)
    roles[np.isnan(data)] = _UNUSED
    with warnings.catch_warnings():
        # That package says nothing of it either; `model.summary_` does.
        warnings.simplefilter("ignore", NotConverged)
        model._fit(source, roles.transpose(1, 0, 2).ravel())
    return model, data, (train, test)


# What an entry is used for, as fits know it.
_UNUSED, _TRAIN, _TEST = 0, 1, 3


def _kept(found: _Found, settings: Mapping[str, Any], folder: Path) -> Fit:
    """Writes the files of a fit."""
    model, data, masks = found
    _write_parameters(folder, settings)
    model.save(folder)
    return Fit(model, str(folder), data, masks)


def _data(neural_data: Any) -> Array:
    try:
        data, _ = to_numpy(neural_data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"neural_data: {error}") from None
    if data.ndim != 3:
        raise ValueError(
            f"neural_data has {data.ndim} dimensions {data.shape}, expected 3 (time, trial, neuron)"
        )
    return data


def _start(times: Any, bins: int) -> int:
    """The first bin that is not preparatory."""
    if times is None:
        return 0
    times = np.asarray(times)
    if times.shape != (bins,):
        raise ValueError(
            f"times has shape {times.shape}, expected ({bins},) as neural_data has bins"
        )
    return int(np.argmax(times >= 0))


def _mask(name: str, mask: Any, data: Array) -> Array:
    if mask is None:
        return np.ones(data.shape, dtype=bool)
    array, _ = to_numpy(mask)
    if array.shape != data.shape:
        raise ValueError(
            f"{name} has shape {array.shape}, expected {data.shape} (time, trial, neuron)"
        )
    return array.astype(bool)


def _variance(data: Array, train: Array) -> float:
    """Of the entries that are fitted, about the means of their neurons: the unit of losses."""
    fitted = np.where(train, data.astype(np.float64), np.nan)
    with warnings.catch_warnings():
        # A neuron of which nothing is fitted has no mean.
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmean(np.square(fitted - np.nanmean(fitted, axis=(0, 1)))))


def _model(
    settings: Mapping[str, Any], is_counts: bool, variance: float, bin_seconds: float, start: int
) -> LowTensorRankRNN:
    """The estimator that these hyperparameters mean."""
    time_constant = float(settings["time_constant"])
    steps_per_bin = max(1, math.ceil(bin_seconds / time_constant))
    is_fitted = bool(settings["fit_preparatory"])
    preparation = 0 if is_fitted else start * steps_per_bin
    inputs = _inputs(settings, preparation, start)
    # There against the squared error, here against it in units of the variance; of counts nats.
    unit = 1.0 if is_counts or not variance > 0 else variance
    return LowTensorRankRNN(
        rank=settings["rank"],
        units=settings["rnn_dim"],
        length=settings["l"],
        amplitude=settings["sigma"],
        independent=settings["sigma_observation"],
        jumps=bool(settings["discontinuous_covariance"]),
        initial="condition" if settings["condition_specific_init"] else "common",
        inputs=inputs,
        input_length=None
        if inputs == "never"
        else float(settings["time_constant_control"]) * steps_per_bin / bin_seconds,
        input_columns=None
        if settings["in_space_control"] or inputs == "never"
        else settings["control_dim"],
        bias="confined" if settings["bias"] else "none",
        time_constant=time_constant,
        steps_per_bin=steps_per_bin,
        preparation=preparation,
        # There in the units of a Wiener process, here over a time constant.
        noise=float(settings["noise"]) * math.sqrt(time_constant),
        activity_penalty=float(settings["regularization"]) / unit,
        readout="orthonormal" if settings["orthogonal_decoder"] else "free",
        no_offset=not settings["decoder_bias"],
        iterations=settings["training_iterations"],
        learning_rate=_STEP * float(settings["learning_rate"]),
        # Four halvings of the step size, each after so many iterations, end a fit.
        patience=max(1, int(settings["steps_std_convergence"]) // 5),
        seed=settings["seed"],
        held_out=0.0,
    )


def _inputs(settings: Mapping[str, Any], preparation: int, start: int) -> str:
    before, after = bool(settings["control_preparatory"]), bool(settings["control_execution"])
    if settings["fit_preparatory"] and start > 0:
        # Here inputs begin or end with the first bin that is fitted.
        if before and not after:
            warnings.warn(
                "control_preparatory without control_execution cannot be had with fit_preparatory: "
                "inputs drive the network in all bins",
                stacklevel=5,
            )
        return "execution" if before or after else "never"
    before = before and preparation > 0
    if before and after:
        return "throughout"
    return "preparation" if before else "execution" if after else "never"


def _folder(kind: str) -> Path:
    """A new folder, named by the time as that package does."""
    folder = _new(Path(kind) / "all" / _now())
    print("directory:", f"./{folder.as_posix()}")
    return folder


def _now() -> str:
    return datetime.now().strftime("%d-%m-%Y_%H_%M_%S")


def _new(wanted: Path) -> Path:
    """A folder of this name, or with a number behind it."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    folder, number = wanted, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = wanted.with_name(f"{wanted.name}_{number}")
        else:
            return folder


def _write_parameters(folder: Path, settings: Mapping[str, Any]) -> None:
    # JSON is YAML.
    text = json.dumps(settings, indent=1, default=_plain)
    (folder / "parameters.yaml").write_text(text + "\n")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else str(value)


def _draw(
    losses: npt.NDArray[np.float64],
    first: tuple[str, Sequence[Any]],
    second: tuple[str, Sequence[Any]],
    folder: Path,
) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    for value, of_value in zip(first[1], losses, strict=True):
        mean, deviation = of_value.mean(axis=-1), of_value.std(axis=-1)
        axes.errorbar(second[1], mean, deviation, fmt="-o", label=f"{first[0]}={value}")
    axes.set(xlabel=second[0], ylabel="MSE", title="CV loss", xticks=second[1])
    axes.legend()
    figure.savefig(folder / f"cv_{folder.name}.pdf")
