"""The low-tensor-rank RNN as an estimator."""

from __future__ import annotations

import inspect
import json
import math
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from rankproof import _native
from rankproof._bars import bar
from rankproof._options import options
from rankproof._source import Source, source_of

Array = npt.NDArray[Any]
Self = TypeVar("Self", bound="LowTensorRankRNN")


class NotConverged(UserWarning):
    """All iterations were made before the loss stopped falling."""


class NotFitted(ValueError, AttributeError):
    """Something was asked of a model before it was fitted: a ``NotFittedError`` of scikit-learn, where
    that is imported."""


def _not_fitted(sentence: str) -> NotFitted:
    sklearn = sys.modules.get("sklearn.exceptions")
    if sklearn is None:
        return NotFitted(sentence)
    kind = type("NotFitted", (NotFitted, sklearn.NotFittedError), {"__reduce__": _as_not_fitted})
    error: NotFitted = kind(sentence)
    return error


def _as_not_fitted(error: NotFitted) -> tuple[Any, ...]:
    """How it is pickled: a class that is made on the fly is not found by its name."""
    return _not_fitted, error.args


class LowTensorRankRNN:
    """An RNN whose weights change over trials with low tensor rank, fitted to a recording.

    In trial k the network has the recurrent weights ``W_k = columns_ @ diag(trial_factors_[k]) @
    rows_.T``, and the activity of the neurons (or its logarithm, of counts) is ``readout_ @ phi(x) +
    offsets_``. It is what ``rankproof fit`` fits, with the same numbers to the last bit; parameters
    have the names of its options, and their defaults.

    It follows scikit-learn's conventions, and needs no scikit-learn.

    Parameters
    ----------
    rank : int
        Terms of the weights: their tensor rank.
    units : int
        Units of the network.
    length : float
        How far trial factors are correlated, in trials.
    amplitude : float
        Standard deviation of the smooth part of trial factors; their mean is about 1.
    independent : float
        Standard deviation of a part that is independent from trial to trial.
    kernel : {"rational-quadratic", "rbf"}
        Covariance of trial factors.
    jumps : bool
        Let trial factors jump where the epoch changes.
    initial : {"zero", "common", "condition", "trial", "hierarchy"}
        Which trials share an initial state.
    initial_spread : float, optional
        Standard deviation of the deviations of ``initial="hierarchy"``; 0.3 if not given.
    free_initial : bool
        Let initial states lie outside of the span of `columns_`.
    inputs : {"never", "preparation", "execution", "throughout"}
        When inputs, one for each condition, drive the network.
    input_length : float, optional
        Let inputs change smoothly in time, correlated over this many steps; constant if not given.
    input_columns : int, optional
        Give inputs this many columns of their own, instead of those of the weights.
    input_spread : float
        Standard deviation of inputs of single trials; 0 for none.
    gain_spread : float
        Standard deviation of the logarithms of gains of single trials; 0 for gains of one.
    bias : {"none", "confined", "free"}
        A constant drive, in the span of `columns_` or anywhere.
    nonlinearity : str
        phi.
    time_constant : float, optional
        In seconds; half of the longest trial if not given.
    steps_per_bin, preparation : int
        Simulated steps in a bin, and before the first one.
    noise : float
        White noise in the states while fitting.
    activity_penalty : float
        Weight of the mean square of the states against the loss.
    readout : {"free", "orthonormal"}
        Any, or with orthonormal columns up to one gain.
    no_offset : bool
        Leave out the offset of each neuron.
    likelihood : {"gaussian", "poisson", "negative-binomial"}, optional
        If not given, Poisson where the recording holds counts (an array of integers), and else
        Gaussian.
    iterations : int
        At most.
    learning_rate : float
        The step size of Adam, of parameters of unit scale.
    patience : int
        Iterations without a better validation loss after which the step size is halved; after four
        halvings fitting ends.
    seed : int
        Names the random start and the held-out blocks.
    precision : {"f32", "f64"}
        The numbers to compute with.
    threads : int, optional
        All cores if not given. Results do not depend on it.
    held_out : float
        The share of entries held out for testing, and again as many for stopping.
    block, guard : tuple of int
        Bins and trials of a held-out block of a neuron, and around it that are used for nothing.
    progress : bool, optional
        Show a bar while fitting; if not given, on a terminal and in notebooks that have tqdm.

    Attributes
    ----------
    columns_, rows_ : ndarray, shape (units, rank)
        Of unit norm.
    trial_factors_ : ndarray, shape (trials, rank)
    readout_ : ndarray, shape (neurons, units)
    offsets_ : ndarray, shape (neurons,), or None
    initial_states_ : ndarray, shape (groups, units)
        Of each condition, in the order of `conditions_`, or of each trial, or of all.
    conditions_ : list of str
        The labels of conditions, sorted, or in the order of the Recording.
    gains_ : ndarray, shape (trials,), or None
    loss_ : float
        Of the entries that were fitted: the mean squared error in units of their variance about the
        means of the neurons, or of counts the negative log-likelihood in nats for an entry.
    held_out_loss_ : float
        Of the entries that were held out; NaN if there are none.
    losses_ : ndarray, shape (n_iter_, 2)
        Before each iteration, of the entries that are fitted and of those that decide when to stop.
    n_iter_ : int
        Iterations made.
    n_features_in_ : int
        Neurons.
    summary_ : dict
        What ``summary.json`` of ``rankproof fit`` says.
    change_ : dict
        Of a model that was applied to other trials alone: how far its trial factors lie from those
        that were fitted first.

    Examples
    --------
    >>> import numpy as np
    >>> from rankproof import LowTensorRankRNN
    >>> k, t, n = np.ogrid[:40, :12, :6]
    >>> X = np.cos(0.4 * t + n) * (1 + k / 20)
    >>> model = LowTensorRankRNN(rank=2, units=8, iterations=300).fit(X)
    >>> bool(model.score() > 0.9)
    True
    >>> model.weights(39).shape
    (8, 8)
    """

    columns_: Array
    rows_: Array
    trial_factors_: Array
    readout_: Array
    offsets_: Array | None
    initial_states_: Array
    conditions_: list[str]
    gains_: Array | None
    loss_: float
    held_out_loss_: float
    losses_: npt.NDArray[np.float64]
    n_iter_: int
    n_features_in_: int
    summary_: dict[str, Any]
    change_: dict[str, Any]

    def __init__(
        self,
        rank: int = 3,
        units: int = 100,
        *,
        length: float = 15.0,
        amplitude: float = 0.5,
        independent: float = 0.0,
        kernel: str = "rational-quadratic",
        jumps: bool = False,
        initial: str = "condition",
        initial_spread: float | None = None,
        free_initial: bool = False,
        inputs: str = "never",
        input_length: float | None = None,
        input_columns: int | None = None,
        input_spread: float = 0.0,
        gain_spread: float = 0.0,
        bias: str = "none",
        nonlinearity: str = "tanh",
        time_constant: float | None = None,
        steps_per_bin: int = 1,
        preparation: int = 0,
        noise: float = 0.0,
        activity_penalty: float = 0.0,
        readout: str = "free",
        no_offset: bool = False,
        likelihood: str | None = None,
        iterations: int = 1500,
        learning_rate: float = 0.03,
        patience: int = 40,
        seed: int = 1,
        precision: str = "f32",
        threads: int | None = None,
        held_out: float = 0.05,
        block: tuple[int, int] = (5, 5),
        guard: tuple[int, int] = (2, 2),
        progress: bool | None = None,
    ) -> None:
        self.rank = rank
        self.units = units
        self.length = length
        self.amplitude = amplitude
        self.independent = independent
        self.kernel = kernel
        self.jumps = jumps
        self.initial = initial
        self.initial_spread = initial_spread
        self.free_initial = free_initial
        self.inputs = inputs
        self.input_length = input_length
        self.input_columns = input_columns
        self.input_spread = input_spread
        self.gain_spread = gain_spread
        self.bias = bias
        self.nonlinearity = nonlinearity
        self.time_constant = time_constant
        self.steps_per_bin = steps_per_bin
        self.preparation = preparation
        self.noise = noise
        self.activity_penalty = activity_penalty
        self.readout = readout
        self.no_offset = no_offset
        self.likelihood = likelihood
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.patience = patience
        self.seed = seed
        self.precision = precision
        self.threads = threads
        self.held_out = held_out
        self.block = block
        self.guard = guard
        self.progress = progress

    # Parameters, as scikit-learn asks for them.

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by their names; `deep` changes nothing."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        known = self._names()
        for name in params:
            if name not in known:
                raise ValueError(f"no parameter is called {name!r}, expected one of {known}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        usual = inspect.signature(type(self).__init__).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if name in ("rank", "units")
            or value is not usual[name].default
            and value != usual[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False, three_d_array=True, allow_nan=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    # Fitting.

    def fit(
        self: Self,
        X: Any,
        y: Any = None,
        *,
        condition: Any = None,
        epoch: Any = None,
        trial: Any = None,
        behaviour: Any = None,
        bin_seconds: float | None = None,
    ) -> Self:
        """Fit the network to a recording.

        Parameters
        ----------
        X : array_like, shape (trials, time, neurons), or Recording, or path of one
            NaN where nothing was recorded. Integers are counts of spikes, floats are values.
        y : None
            Not used.
        condition, epoch : array_like, shape (trials,), optional
            Labels of trials: those of one condition share what `initial` and `inputs` say, and trial
            factors may jump where the epoch changes.
        trial : array_like of int, shape (trials,), optional
            The number of each trial in its session, strictly increasing; 0, 1, ... if not given.
        behaviour : array_like, shape (trials, time, dimensions), optional
            For `decode`; no fit uses it.
        bin_seconds : float, optional
            The width of a bin of an array, which `time_constant` needs.

        Raises
        ------
        ValueError
            If something does not fit together, in the sentence of the command line.
        RuntimeError
            If fitting diverges.
        """
        source = source_of(
            X,
            condition=condition,
            epoch=epoch,
            trial=trial,
            behaviour=behaviour,
            bin_seconds=bin_seconds,
            likelihood=self.likelihood,
            time_constant=self.time_constant,
        )
        return self._fit(source, None)

    def _fit(self: Self, source: Source, roles: npt.NDArray[np.uint8] | None) -> Self:
        recording, asked = source.load(), self._options()
        with bar(self.iterations, "fit", self.progress) as shown:

            def report(iteration: int, train: float, validation: float) -> None:
                shown.update()
                if iteration % 10 == 0:
                    held = "" if math.isnan(validation) else f", held out {validation:.4f}"
                    shown.set_postfix_str(f"loss {train:.4f}{held}")

            fitted = _native.fit(recording, asked, roles, report)
        self._asked = (asked, roles)
        self._keep(recording, fitted)
        if self.summary_["outcome"] == "all iterations made":
            warnings.warn(
                f"all {self.iterations} iterations were made before the loss stopped falling; "
                f"iterations={2 * max(self.iterations, 1)} allows more",
                NotConverged,
                stacklevel=3,
            )
        return self

    def _options(self) -> list[str]:
        params = self.get_params()
        del params["progress"]
        # A list would be an option that is given more than once.
        return options({name: tuple(v) if isinstance(v, list) else v for name, v in params.items()})

    def _keep(self, recording: _native.MemoryRecording, fitted: _native.Fitted) -> None:
        self._recording, self._fitted = recording, fitted
        self.summary_ = json.loads(fitted.summary())
        for name, array in fitted.model().items():
            setattr(self, name, array)
        self.losses_ = fitted.losses()
        held_out = self.summary_["held_out"]
        self.loss_ = self.summary_["train"]["loss"]
        self.held_out_loss_ = math.nan if held_out is None else held_out["loss"]
        self.n_iter_ = self.summary_["iterations"]
        change = fitted.change()
        if change is not None:
            self.change_ = json.loads(change)
        self.conditions_ = recording.condition_names
        self.n_features_in_ = recording.shape[2]

    def _model(self) -> _native.Fitted:
        fitted: _native.Fitted | None = getattr(self, "_fitted", None)
        if fitted is None:
            raise _not_fitted(
                f"this {type(self).__name__} is not fitted, expected a call of fit before"
            )
        return fitted

    # What a fit says.

    def predict(self, X: Any = None, **labels: Any) -> Array:
        """The means, or rates, of all entries: those that are missing and held out, too.

        Parameters
        ----------
        X : optional
            As for `fit`. If not given, or if it is what was fitted: the fit. Of other trials of the
            same neurons initial states, inputs and trial factors are inferred from their entries, as
            `apply` does.
        **labels
            `condition`, `epoch`, `trial` and `bin_seconds`, as for `fit`.

        Returns
        -------
        ndarray, shape (trials, time, neurons)
        """
        return self._of(X, labels)._model().predictions()

    def score(self, X: Any = None, y: Any = None, **labels: Any) -> float:
        """R2 of the entries that were held out: the explained share of their variance about the means
        of the neurons.

        Parameters
        ----------
        X : optional
            As for `predict`. Of other trials blocks of entries are held out from the inference, too.
        y : None
            Not used.

        Raises
        ------
        ValueError
            If nothing was held out.
        """
        held_out = self._of(X, labels).summary_["held_out"]
        if held_out is None or held_out["r2"] is None:
            raise ValueError("no entries were held out, expected held_out above 0 to score them")
        return float(held_out["r2"])

    def _of(self: Self, X: Any, labels: dict[str, Any]) -> Self:
        """This model for these trials: itself, if they are those that were fitted."""
        self._model()
        if X is None:
            return self
        source = self._source(X, labels)
        recording = source.load()
        if self._recording.is_same(recording, source.is_labelled):
            return self
        return self._applied(recording)

    def _source(self, X: Any, labels: dict[str, Any]) -> Source:
        """Other trials, of the neurons and bins that were fitted if they do not say it."""
        is_array = not isinstance(X, (str, os.PathLike)) and getattr(X, "path", None) is None
        if is_array and labels.get("bin_seconds") is None:
            labels = {**labels, "bin_seconds": self._recording.bin_seconds}
        names = self._recording.neuron_names
        neurons = names if is_array and np.shape(X)[2:] == (len(names),) else None
        return source_of(X, likelihood=self.likelihood, neurons=neurons, **labels)

    def apply(self: Self, X: Any, **labels: Any) -> Self:
        """This model on other trials of the same neurons, as ``rankproof apply``.

        Initial states, inputs and trial factors are inferred, everything else stays as it is. The
        result has `change_`: how far its trial factors lie from those that were fitted first.
        """
        self._model()
        return self._applied(self._source(X, labels).load())

    def _applied(self: Self, recording: _native.MemoryRecording) -> Self:
        with bar(self.iterations, "apply", self.progress) as shown:
            fitted = self._model().apply(recording, lambda *_: shown.update())
        other = type(self)(**self.get_params())
        other._keep(recording, fitted)
        return other

    def weights(self, trial: int) -> Array:
        """The recurrent weights of a trial, (units, units): unit j drives unit i by entry (i, j)."""
        return self._model().weights(trial)

    def states(self) -> Array:
        """The states of the network at the bins of all trials, (trials, time, units)."""
        return self._model().states()

    def decode(self, *, folds: int = 10, seed: int = 1) -> dict[str, Any]:
        """Read behaviour out of the states, and of the neurons beside them, as ``rankproof decode``.

        Ridge regression in each bin, cross-validated over trials; `behaviour` is that of `fit`, or of
        the Recording.

        Returns
        -------
        dict
            ``dimensions`` is a list with, of each dimension, R2 by ``states``, ``neurons`` and the
            means of ``conditions``: ``mean`` and the 95 % ``interval`` over folds.
        """
        found: dict[str, Any] = json.loads(self._model().decode(folds, seed))
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the folder that ``rankproof fit`` writes, with which ``rankproof apply``, ``decode``
        and ``report`` go on."""
        self._model().save(path)

    def plot(self, axes: Any = None) -> Any:
        """Draw how the weights change: the trial factors over trials, with matplotlib.

        Returns
        -------
        matplotlib.axes.Axes
        """
        self._model()
        import matplotlib.pyplot as plt

        if axes is None:
            axes = plt.figure(figsize=(6, 3), layout="constrained").add_subplot()
        for term, factor in enumerate(self.trial_factors_.T):
            axes.plot(self._recording.trial_numbers, factor, label=f"term {term + 1}")
        axes.set(xlabel="trial", ylabel="trial factor")
        axes.legend(frameon=False)
        return axes

    # A fit in memory is pickled as what it was asked for and its checkpoint.

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        fitted, recording = state.pop("_fitted", None), state.pop("_recording", None)
        if fitted is not None and recording is not None:
            checkpoint = fitted.checkpoint()
            if checkpoint is None:
                raise TypeError(
                    "a model applied to other trials cannot be pickled, expected the one that was fitted"
                )
            state["_pickled"] = (_written(recording), checkpoint)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        pickled = state.pop("_pickled", None)
        self.__dict__.update(state)
        if pickled is not None:
            recording, checkpoint = pickled
            self._recording = _read(recording)
            self._fitted = _native.fit(self._recording, *self._asked, None, checkpoint)


def _written(recording: _native.MemoryRecording) -> bytes:
    """The file of a recording."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.npz"
        recording.write(path)
        return path.read_bytes()


def _read(file: bytes) -> _native.MemoryRecording:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.npz"
        path.write_bytes(file)
        return _native.MemoryRecording.read(path)
