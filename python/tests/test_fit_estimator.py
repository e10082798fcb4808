"""`LowTensorRankRNN`: the same numbers as the command line, and scikit-learn's conventions."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import signal
import threading
import unittest
import warnings
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_helpers import command, oscillation, simulated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rankproof import LowTensorRankRNN, NotConverged, NotFitted

pytestmark = pytest.mark.filterwarnings("ignore::rankproof.NotConverged")

# Parameters of the tests and the options that say the same.
SMALL: dict[str, Any] = {"rank": 2, "units": 6, "iterations": 30, "progress": False}
SMALL_OPTIONS = ["--rank=2", "--units=6", "--iterations=30"]

# The arrays of model.npz.
ARRAYS = {
    "columns_": "a",
    "rows_": "b",
    "trial_factors_": "c",
    "readout_": "D",
    "offsets_": "offset",
    "initial_states_": "x0",
}


def same_bits(found: Any, expected: Any) -> bool:
    return found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("recording"))


@pytest.mark.parametrize(
    ("parameters", "options"),
    [
        ({}, []),
        (
            {
                "precision": "f64",
                "seed": 3,
                "initial": "hierarchy",
                "initial_spread": 0.2,
                "inputs": "throughout",
                "input_length": 3.0,
                "gain_spread": 0.1,
                "time_constant": 0.2,
                "jumps": True,
                "no_offset": True,
                "block": (3, 4),
            },
            [
                "--precision=f64",
                "--seed=3",
                "--initial=hierarchy",
                "--initial-spread=0.2",
                "--inputs=throughout",
                "--input-length=3",
                "--gain-spread=0.1",
                "--time-constant=0.2",
                "--jumps",
                "--no-offset",
                "--block=3,4",
            ],
        ),
    ],
)
def test_the_same_bits_as_the_command_line(
    recording: Path, tmp_path: Path, parameters: dict[str, Any], options: list[str]
) -> None:
    out = tmp_path / "fit"
    command("fit", recording, *SMALL_OPTIONS, *options, "--predictions", "--out", out)
    model = LowTensorRankRNN(**SMALL, **parameters).fit(recording)
    with np.load(out / "model.npz") as arrays:
        for attribute, name in ARRAYS.items():
            found = getattr(model, attribute)
            if found is None:
                assert arrays[name].size == 0
                continue
            assert same_bits(np.ascontiguousarray(found), arrays[name]), attribute
        if "gain_spread" in parameters:
            assert model.gains_ is not None
            assert np.array_equal(model.gains_, np.exp(arrays["log_gain"].astype(np.float64)))
        predicted = model.predict().transpose(2, 1, 0)
        assert same_bits(np.ascontiguousarray(predicted), arrays["predictions"])
    with np.load(out / "states.npz") as arrays:
        states = model.states().transpose(2, 1, 0).astype(np.float32)
        assert np.array_equal(states, arrays["x"])
    summary = json.loads((out / "summary.json").read_text())
    assert {**model.summary_, "schema": 1} == summary
    assert model.score() == summary["held_out"]["r2"]
    lines = (out / "losses.csv").read_text().splitlines()[1:]
    assert [line.split(",")[1:] for line in lines] == [
        [str(loss) if loss == loss else "" for loss in pair] for pair in model.losses_.tolist()
    ] or np.array_equal(np.loadtxt(lines, delimiter=",")[:, 1:], model.losses_)


def test_an_array_gives_the_same_bits_as_the_file_of_it(recording: Path) -> None:
    with np.load(recording) as arrays:
        X, condition = arrays["activity"].transpose(2, 1, 0), arrays["condition"]
        bin_seconds = float(arrays["bin_s"])
    by_file = LowTensorRankRNN(**SMALL).fit(recording)
    # Not the order in which they appear: the file numbers conditions in another one.
    assert list(dict.fromkeys(condition.tolist())) != sorted(set(condition.tolist()))
    by_array = LowTensorRankRNN(**SMALL).fit(X, condition=condition, bin_seconds=bin_seconds)
    assert by_array.conditions_ == ["0", "1", "2"] and len(by_file.conditions_) == 3
    for attribute in ARRAYS:
        assert same_bits(getattr(by_array, attribute), getattr(by_file, attribute)), attribute

    class Recording:
        path = recording

    by_object = LowTensorRankRNN(**SMALL).fit(Recording())
    assert same_bits(by_object.columns_, by_file.columns_)


def test_the_folder_is_the_one_that_the_command_writes(recording: Path, tmp_path: Path) -> None:
    out, saved = tmp_path / "fit", tmp_path / "saved"
    command("fit", recording, *SMALL_OPTIONS, "--out", out)
    model = LowTensorRankRNN(**SMALL).fit(recording)
    model.save(saved)
    assert sorted(os.listdir(out)) == sorted(os.listdir(saved))
    for name in os.listdir(out):
        if not name.endswith(".npz"):
            assert (out / name).read_bytes() == (saved / name).read_bytes(), name
    for name in ("model.npz", "states.npz", "checkpoint.npz"):
        with np.load(out / name) as one, np.load(saved / name) as other:
            assert one.files == other.files
            assert all(same_bits(one[array], other[array]) for array in one.files)
    # What the commands make of it.
    applied = tmp_path / "applied"
    command("apply", saved, recording, "--iterations=5", "--out", applied)
    command("report", "--from", saved, "--out", tmp_path / "page.html")
    command("fit", recording, "--resume", saved, "--iterations=35")
    with pytest.raises(ValueError, match="holds a fit already"):
        model.save(saved)
    with pytest.raises(OSError, match="page.html"):
        model.save(tmp_path / "page.html" / "fit")


def test_missing_entries_and_types_of_floats() -> None:
    X = oscillation()
    X[3, 2:, :] = np.nan
    X[:, 1, 4] = np.nan
    model = LowTensorRankRNN(**SMALL).fit(X)
    assert np.isfinite(model.predict()).all()
    assert model.n_features_in_ == 6
    assert model.n_iter_ == len(model.losses_) <= 30
    masked = np.ma.masked_invalid(X)
    assert same_bits(LowTensorRankRNN(**SMALL).fit(masked).columns_, model.columns_)
    single = X.astype(np.float32)
    strange = np.asfortranarray(single.astype(">f4"))
    assert same_bits(
        LowTensorRankRNN(**SMALL).fit(single).columns_,
        LowTensorRankRNN(**SMALL).fit(strange).columns_,
    )


def test_integers_are_counts() -> None:
    counts = np.random.default_rng(1).poisson(2.0, size=(20, 8, 5))
    model = LowTensorRankRNN(**SMALL).fit(counts)
    assert model.summary_["likelihood"] == "Poisson"
    assert (model.predict() > 0).all()
    told = LowTensorRankRNN(**SMALL, likelihood="poisson").fit(counts.astype(float))
    assert same_bits(told.columns_, model.columns_)
    with pytest.raises(ValueError, match=r"holds 0.5 at .*expected counts"):
        LowTensorRankRNN(**SMALL, likelihood="poisson").fit(np.full((20, 8, 5), 0.5))


@pytest.mark.parametrize(
    ("X", "labels", "sentence"),
    [
        (
            np.zeros((4, 5)),
            {},
            r"X has 2 dimensions \(4, 5\), expected 3 \(trials, time, neurons\)",
        ),
        (np.zeros((0, 5, 3)), {}, "at least one neuron, bin and trial"),
        (np.full((4, 5, 3), np.nan), {}, "holds only NaN"),
        (np.full((4, 5, 3), np.inf), {}, "expected finite numbers"),
        (np.ones((4, 5, 3)), {}, "there is nothing to fit"),
        (np.ones((4, 5, 3), dtype=complex), {}, "X: holds complex128"),
        ([["a"]], {}, "X: holds <U1|X: holds str"),
        (oscillation(), {"condition": [1, 2]}, '"condition" holds 2 numbers, expected 24'),
        (oscillation(), {"condition": np.full(24, np.nan)}, "condition holds NaN"),
        (
            oscillation(),
            {"condition": [None, 1, "a"] * 8},
            "condition holds labels of several types",
        ),
        (oscillation(), {"epoch": np.zeros((24, 2))}, "epoch has 2 dimensions"),
        (oscillation(), {"trial": np.zeros(24, dtype=int)}, "expected numbers that increase"),
        (oscillation(), {"trial": np.linspace(0, 1, 24)}, "expected one integer for each trial"),
        (oscillation(), {"behaviour": np.zeros((3, 8, 1))}, r"expected \(24, 8, dimensions\)"),
        (oscillation(), {"bin_seconds": -1.0}, '"bin_s" is -1'),
        ("rec.npz", {"condition": [1]}, "condition is given beside a Recording"),
    ],
)
def test_wrong_input_gets_one_sentence(X: Any, labels: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        LowTensorRankRNN(**SMALL).fit(X, **labels)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"rank": 0}, "--rank is 0"),
        ({"rank": 9}, "rank"),
        ({"kernel": "cosine"}, "invalid value 'cosine' for '--kernel"),
        ({"initial_spread": 0.1}, "--initial-spread is for --initial hierarchy"),
        ({"amplitude": "much"}, "invalid float literal"),
        ({"learning_rate": -1}, "--learning-rate is -1"),
        ({"time_constant": 0.1}, "expected bin_seconds"),
        ({"block": (0, 3)}, "--block holds no entry"),
        ({"block": 3}, "expected two numbers, of bins and of trials"),
        ({"guard": [1, 2, 3]}, "expected two numbers, of bins and of trials"),
        ({"length": [1.0, 2.0]}, "invalid float literal"),
        ({"threads": 0}, "--threads"),
    ],
)
def test_wrong_parameters_get_the_sentence_of_the_command_line(
    parameters: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        LowTensorRankRNN(**{**SMALL, **parameters}).fit(oscillation())
    assert len(str(caught.value).splitlines()) == 1


def test_files_that_are_not_there_are_os_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none.npz: does not exist"):
        LowTensorRankRNN(**SMALL).fit(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match="expected an .npz archive"):
        LowTensorRankRNN(**SMALL).fit(tmp_path / "text.npz")


def test_a_fit_that_diverges_is_a_runtime_error() -> None:
    counts = np.random.default_rng(1).poisson(2.0, size=(20, 8, 5))
    # Rates are exponentials.
    with pytest.raises(RuntimeError, match="fitting diverged in iteration"):
        LowTensorRankRNN(**SMALL, learning_rate=1e6).fit(counts)


def test_other_trials_are_inferred(tmp_path: Path) -> None:
    X = oscillation(trials=40)
    first, other = X[:25], X[25:]
    model = LowTensorRankRNN(**{**SMALL, "iterations": 200}).fit(first)
    assert model.predict(first) is not None
    assert same_bits(model.predict(first), model.predict())
    applied = model.apply(other)
    # Made of unit norm again.
    assert np.allclose(applied.columns_, model.columns_, atol=1e-6)
    assert applied.trial_factors_.shape == (15, 2)
    assert applied.change_["weights"] > 0
    assert same_bits(model.predict(other), applied.predict())
    assert model.score(other) == applied.score() > 0.8
    with pytest.raises(ValueError, match="number of neurons is 5, expected 6"):
        model.predict(other[:, :, :5])
    # A label makes other trials of the same activity.
    halves = np.arange(25) % 2
    assert not same_bits(model.predict(first, condition=halves), model.predict())


def test_behaviour_is_read_out_as_the_command_reads_it(recording: Path, tmp_path: Path) -> None:
    with np.load(recording) as arrays:
        X, condition = arrays["activity"].transpose(2, 1, 0), arrays["condition"]
        bin_seconds = float(arrays["bin_s"])
    behaviour = X[:, :, :2] @ np.array([[1.0], [0.5]])
    parameters = {**SMALL, "iterations": 100}
    model = LowTensorRankRNN(**parameters).fit(
        X, condition=condition, behaviour=behaviour, bin_seconds=bin_seconds
    )
    found = model.decode(folds=4)
    assert found["dimensions"][0]["neurons"]["mean"] > 0.99
    path, out = tmp_path / "with.npz", tmp_path / "fit"
    model._recording.write(path)
    command("fit", path, "--rank=2", "--units=6", "--iterations=100", "--out", out)
    command("decode", out, path, "--folds=4", "--json", tmp_path / "decoded.json")
    assert json.loads((tmp_path / "decoded.json").read_text()) == {"schema": 1, **found}
    with pytest.raises(ValueError, match="recording is one without"):
        LowTensorRankRNN(**SMALL).fit(X).decode()


def test_no_entry_is_held_out_if_none_is_asked_for() -> None:
    model = LowTensorRankRNN(**SMALL, held_out=0.0).fit(oscillation())
    assert math.isnan(model.held_out_loss_)
    assert np.isnan(model.losses_[:, 1]).all()
    with pytest.raises(ValueError, match="expected held_out above 0"):
        model.score()


def test_all_iterations_are_warned_of() -> None:
    with pytest.warns(NotConverged, match="iterations=60 allows more"):
        LowTensorRankRNN(**SMALL).fit(oscillation())


def test_before_a_fit() -> None:
    model = LowTensorRankRNN()
    for call in (model.predict, model.score, model.states, model.decode, lambda: model.weights(0)):
        with pytest.raises(NotFitted, match="is not fitted"):
            call()


def test_weights_are_those_of_the_factors() -> None:
    model = LowTensorRankRNN(**SMALL, precision="f64").fit(oscillation())
    expected = model.columns_ @ np.diag(model.trial_factors_[5]) @ model.rows_.T
    assert np.allclose(model.weights(5), expected, atol=1e-14)
    with pytest.raises(ValueError, match="trial is 24, expected a number below 24"):
        model.weights(24)


@pytest.mark.parametrize("precision", ["f32", "f64"])
def test_a_model_is_pickled(precision: str) -> None:
    X = oscillation()
    model = LowTensorRankRNN(**SMALL, precision=precision).fit(X)
    again = pickle.loads(pickle.dumps(model))
    assert again.get_params() == model.get_params()
    assert same_bits(again.predict(), model.predict())
    assert same_bits(again.predict(X[:10]), model.predict(X[:10]))
    assert again.score() == model.score()
    assert again.summary_ == model.summary_
    assert json.loads(again._fitted.summary()) == model.summary_
    assert same_bits(copy.deepcopy(again).columns_, model.columns_)
    assert pickle.loads(pickle.dumps(LowTensorRankRNN(rank=4))).rank == 4
    with pytest.raises(TypeError, match="applied to other trials cannot be pickled"):
        pickle.dumps(model.apply(X[:10]))


def test_threads_do_not_change_the_bits() -> None:
    X = oscillation(trials=60)
    one, two = (LowTensorRankRNN(**SMALL, threads=threads).fit(X) for threads in (1, 2))
    assert same_bits(one.columns_, two.columns_)


def test_an_interrupt_ends_a_fit() -> None:
    model = LowTensorRankRNN(rank=2, units=50, iterations=1_000_000, patience=1_000_000)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(oscillation())
    assert not hasattr(model, "n_iter_")


def test_another_thread_goes_on_during_a_fit() -> None:
    made: list[int] = []
    ended = threading.Event()

    def count() -> None:
        while not ended.is_set():
            made.append(1)
            ended.wait(0.001)

    other = threading.Thread(target=count)
    other.start()
    LowTensorRankRNN(rank=2, units=60, iterations=150).fit(oscillation(trials=80))
    ended.set()
    other.join()
    assert len(made) > 5


def _fitted_anew(X: Any) -> Any:
    return LowTensorRankRNN(**SMALL).fit(X).predict()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_after_a_fork() -> None:
    X = oscillation(trials=60)
    here = _fitted_anew(X)
    with get_context("fork").Pool(1) as pool:
        assert same_bits(pool.apply_async(_fitted_anew, (X,)).get(timeout=300), here)


names = list(LowTensorRankRNN().get_params())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(names), st.one_of(st.integers(), st.floats(), st.text(), st.none())
    )
)
def test_parameters_come_back(params: dict[str, Any]) -> None:
    model = LowTensorRankRNN().set_params(**params)
    found = model.get_params()
    assert all(found[name] is value for name, value in params.items())
    again = LowTensorRankRNN(**found)
    assert all(again.get_params()[name] is value for name, value in found.items())
    assert repr(again) == repr(model)
    with pytest.raises(ValueError, match="no parameter is called 'ranks'"):
        model.set_params(ranks=3)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4)),
    kind=st.sampled_from(["f2", "f4", "f8", "i1", "u2", "i8", "?"]),
    order=st.sampled_from("CF"),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_array_is_fitted_or_refused_in_a_sentence(
    shape: tuple[int, int, int], kind: str, order: Any, seed: int
) -> None:
    random = np.random.default_rng(seed)
    X = np.asarray(random.integers(0, 4, size=shape), dtype=kind, order=order)
    model = LowTensorRankRNN(rank=1, units=3, iterations=2, threads=1, progress=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert model.predict().shape == shape


class OfRows(LowTensorRankRNN):
    """Takes the arrays of two dimensions that checks of scikit-learn give: a row is a trial of three
    equal bins."""

    def _trials(self, X: Any) -> Any:
        is_rows = np.ndim(X) == 2 and not hasattr(X, "toarray")
        return np.repeat(np.asarray(X)[:, np.newaxis], 3, axis=1) if is_rows else X

    def fit(self, X: Any, y: Any = None) -> OfRows:  # type: ignore[override]
        return super().fit(self._trials(X))

    def predict(self, X: Any) -> Any:  # type: ignore[override]
        return super().predict(self._trials(X))[:, 0]

    def score(self, X: Any, y: Any = None) -> float:  # type: ignore[override]
        return super().score(self._trials(X))

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        tags = InputTags(allow_nan=True)
        return Tags(estimator_type=None, target_tags=TargetTags(required=False), input_tags=tags)


WORDS = "an error comes in the words of the command line, and not in those of scikit-learn"
# What scikit-learn checks that does not apply, and why.
DO_NOT_APPLY = {
    "check_complex_data": WORDS,
    "check_estimators_empty_data_messages": WORDS,
    "check_fit2d_1sample": WORDS,
    "check_fit2d_predict1d": WORDS,
    "check_n_features_in_after_fitting": WORDS,
    "check_dtype_object": "arrays of objects are refused: what numbers they hold they do not say",
    "check_methods_sample_order_invariance": "the order of trials counts: weights change over trials",
    "check_methods_subset_invariance": "so do the trials before and after: priors are smooth",
}


class TestWithScikitLearn:
    """What scikit-learn asks of an estimator.

    Its checks give arrays of two dimensions to whatever does not say that it takes none: it skips
    those of estimators of three dimensions by itself.
    """

    def test_it_is_cloned(self) -> None:
        sklearn_base = pytest.importorskip("sklearn.base")
        model = LowTensorRankRNN(rank=5, block=(3, 3))
        again = sklearn_base.clone(model)
        assert again is not model and again.get_params() == model.get_params()

    def test_the_checks_that_apply(self) -> None:
        checks = pytest.importorskip("sklearn.utils.estimator_checks")
        for check in (
            "check_do_not_raise_errors_in_init_or_set_params",
            "check_estimator_cloneable",
            "check_estimator_repr",
            "check_estimator_tags_renamed",
            "check_get_params_invariance",
            "check_mixin_order",
            "check_no_attributes_set_in_init",
            "check_parameters_default_constructible",
            "check_set_params",
            "check_valid_tag_types",
        ):
            getattr(checks, check)("LowTensorRankRNN", LowTensorRankRNN())

    def test_all_checks(self) -> None:
        """Of arrays of three dimensions scikit-learn has no more than those above."""
        checks = pytest.importorskip("sklearn.utils.estimator_checks")
        exceptions = pytest.importorskip("sklearn.exceptions")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.SkipTestWarning)
            checks.check_estimator(LowTensorRankRNN())

    def test_the_checks_of_two_dimensions(self) -> None:
        checks = pytest.importorskip("sklearn.utils.estimator_checks")
        model = OfRows(rank=1, units=4, iterations=4, held_out=0.2, block=(1, 1), guard=(0, 0))
        passed, failed = set(), set()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for estimator, check in checks.estimator_checks_generator(model):
                name = check.func.__name__
                try:
                    check(estimator)
                except unittest.SkipTest:
                    continue
                except Exception as error:
                    assert name in DO_NOT_APPLY, f"{name}: {error}"
                    failed.add(name)
                else:
                    passed.add(name)
        assert len(passed) >= 25 and "check_estimators_unfitted" in passed
        # None is passed over that applies; those of other versions may not be there.
        assert not passed & set(DO_NOT_APPLY)

    def test_trials_are_cross_validated(self) -> None:
        selection = pytest.importorskip("sklearn.model_selection")
        X = oscillation(trials=40)
        scores = selection.cross_val_score(
            LowTensorRankRNN(**{**SMALL, "iterations": 150}), X, cv=2, error_score="raise"
        )
        assert scores.shape == (2,) and (scores > 0.1).all()
