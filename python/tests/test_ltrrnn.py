"""The calls of the package ``ltrRNN``."""

from __future__ import annotations

import inspect
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_helpers import oscillation
from hypothesis import given
from hypothesis import strategies as st

from rankproof import ltrrnn

pytestmark = pytest.mark.filterwarnings("ignore:passed over")

# As in that package's example, but for the size.
HYPERPARAMETERS = {**ltrrnn.DEFAULTS, "rnn_dim": 12, "rank": 2, "training_iterations": 40}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def data() -> np.ndarray[Any, np.dtype[np.float64]]:
    """time x trial x neuron."""
    return oscillation(trials=24, bins=10, neurons=14).transpose(1, 0, 2)


def test_the_calls_of_the_example(tmp_path: Path) -> None:
    neural_data = data()
    condition = np.arange(24) % 3
    times = np.linspace(-0.3, 0.6, 10)
    epoch = np.array(["BL"] * 8 + ["AD"] * 16)
    trial_id = np.arange(24) * 2
    found = ltrrnn.fit(HYPERPARAMETERS, neural_data, condition, times, epoch, trial_id)
    # The preparatory bins are simulated and not fitted.
    fitted = neural_data[times >= 0]
    assert found.data_estimate.shape == fitted.shape == (7, 24, 14)
    assert found.rnn_mp.shape == (7, 24, 12)
    trial, row, column = found.get_components()
    assert (trial.shape, row.shape, column.shape) == ((2, 24), (2, 12), (2, 12))
    weights = found.construct_weight()
    assert weights.shape == (24, 12, 12)
    assert np.allclose(weights[5].T, found.model.weights(5), atol=1e-5)
    error = np.mean((found.data_estimate - fitted) ** 2)
    assert found.L_total == found.L_test == pytest.approx(error)
    assert found.losses == pytest.approx(np.full(2, error / fitted.var()))
    folder = tmp_path / found.directory
    assert folder.parent == tmp_path / "runs" / "all"
    assert json.loads((folder / "parameters.yaml").read_text()) == HYPERPARAMETERS
    assert (folder / "model.npz").exists() and (folder / "trial_factors.svg").exists()
    assert json.loads(bytes(np.load(folder / "model.npz")["meta"]))["architecture"]["rank"] == 2


# The calls of that package, version 0.0.1 (commit 09236e9): parameters in their order, with the defaults
# that are not of torch or matplotlib.
DATA = ["neural_data", "condition", "times", "epochs", "trial_ids", "train_mask", "test_mask"]
CALLS: dict[str, list[str]] = {
    "fit": ["hyperparameters", *DATA, "cmap_condition", "load_directory", "device"],
    "grid_search": [
        "hyperparameters", *DATA, "cv_hyperparameters", "seeds", "cmap_condition", "device",
    ],
    "block_mask": [
        "dimensions", "train_blocks_dimensions", "test_blocks_dimensions", "fraction_test", "exact",
        "device",
    ],
}
CALL_DEFAULTS: dict[str, dict[str, Any]] = {
    "fit": {**dict.fromkeys(DATA[1:]), "load_directory": "."},
    "grid_search": {**dict.fromkeys(DATA[1:]), "seeds": (1, 2, 3)},
    "block_mask": {"exact": True},
}
# The hyperparameters that its training reads, and the one that its notebook gives to block_mask.
READ = """
rank control_execution steps_std_convergence control_dim sigma_observation seed rnn_dim in_space_control
fit_preparatory decoder_bias control_hidden_dim training_iterations time_constant_control time_constant
test_freq sigma regularization_function regularization orthogonal_decoder optimize noise
min_std_convergence learning_rate l fraction_masked duration discontinuous_covariance control_preparatory
control_dnn_dim condition_specific_init bias
""".split()
NOTEBOOK_ALONE = {"trial_rank_control", "fraction_test"}


def test_calls_and_keys_are_those_of_the_package() -> None:
    assert set(CALLS) == set(ltrrnn.__all__) - {"DEFAULTS", "Fit"}
    for call, names in CALLS.items():
        parameters = inspect.signature(getattr(ltrrnn, call)).parameters
        positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert positional == names, call
        for name, default in CALL_DEFAULTS[call].items():
            assert parameters[name].default == default, (call, name)
    assert set(ltrrnn.DEFAULTS) == set(READ) | NOTEBOOK_ALONE


def test_a_mask_of_the_example_has_its_statistics() -> None:
    """Of the notebook's mask that package fits a share of 0.4409 and tests 0.1706: means of four seeds,
    with standard deviations of 0.002 and 0.001."""
    shares = []
    for seed in range(5):
        train, test = ltrrnn.block_mask((21, 250, 200), [5, 5, 1], [2, 2, 1], 0.2, seed=seed)
        shares.append([train.float().mean().item(), test.float().mean().item()])
    assert np.mean(shares, axis=0) == pytest.approx([0.4409, 0.1706], abs=0.004)


def architecture(neural_data: Any = None, times: Any = None, **changed: Any) -> dict[str, Any]:
    """What a fit with these hyperparameters is made of, as its file says."""
    hyperparameters = {**HYPERPARAMETERS, "training_iterations": 1, **changed}
    found = ltrrnn.fit(hyperparameters, data() if neural_data is None else neural_data, None, times)
    with np.load(Path(found.directory) / "model.npz") as arrays:
        meta: dict[str, Any] = json.loads(bytes(arrays["meta"]))
    return {**meta["architecture"], "seed": meta["seed"]}


def test_each_hyperparameter_is_honoured() -> None:
    times = np.arange(-3, 7)
    usual = architecture(times=times)
    prior = usual["recurrence"]["LowTensorRank"]
    assert (usual["units"], usual["rank"], usual["seed"]) == (12, 2, 1)
    assert (prior["length"], prior["amplitude"], prior["independent"]) == (15, 0.1, 0.1)
    assert not prior["jumps"]
    # 7 bins in 2 seconds.
    assert usual["leak"] == pytest.approx(2 / 6)
    assert usual["preparation"] == 3
    assert usual["inputs"]["during"] == "Preparation"
    assert usual["inputs"]["course"]["Smooth"] == pytest.approx(6)
    assert usual["inputs"]["through"] == "Weights"
    assert usual["initial"]["Learned"] == {"by": "Common", "confined": True}
    assert usual["readout"] == {"orthonormal": True, "offset": False}
    assert usual["bias"] == "None"
    for changed, part, expected in [
        ({"time_constant": 4.0}, "leak", pytest.approx(2 / 6 / 4)),
        ({"duration": 1.2}, "leak", pytest.approx(0.2)),
        ({"time_constant": 0.2}, "steps_per_bin", 2),
        ({"noise": 0.3, "time_constant": 4.0}, "noise", pytest.approx(0.6)),
        ({"bias": True}, "bias", "Confined"),
        ({"orthogonal_decoder": False}, "readout", {"orthonormal": False, "offset": False}),
        ({"decoder_bias": True}, "readout", {"orthonormal": True, "offset": True}),
        (
            {"condition_specific_init": True},
            "initial",
            {"Learned": {"by": "Condition", "confined": True}},
        ),
        ({"seed": 7}, "seed", 7),
        ({"rnn_dim": 9}, "units", 9),
        ({"rank": 1}, "rank", 1),
    ]:
        assert architecture(times=times, **changed)[part] == expected, changed
    for changed, part, expected in [
        ({"l": 3}, "length", 3),
        ({"sigma": 0.4}, "amplitude", 0.4),
        ({"sigma_observation": 0.0}, "independent", 0),
        ({"discontinuous_covariance": True}, "jumps", True),
    ]:
        found = architecture(times=times, **changed)["recurrence"]["LowTensorRank"]
        assert found[part] == expected, changed
    for changed, part, expected in [
        ({"control_execution": True}, "during", "Throughout"),
        ({"control_execution": True, "control_preparatory": False}, "during", "Execution"),
        ({"control_preparatory": False}, "during", "Never"),
        ({"time_constant_control": 1}, "course", {"Smooth": pytest.approx(3)}),
        ({"in_space_control": False, "control_dim": 2}, "through", {"Own": 2}),
    ]:
        found = architecture(times=times, **changed)["inputs"]
        assert found[part] == expected, changed


def test_the_penalty_is_in_units_of_the_squared_error() -> None:
    scaled = 3.0 * data()
    variance = scaled.var(axis=(0, 1)).mean()
    found = architecture(scaled, regularization=0.5)["activity_penalty"]
    assert found == pytest.approx(0.5 / variance)


def test_preparatory_bins_can_be_fitted() -> None:
    times = np.arange(-3, 7)
    with pytest.warns(UserWarning, match="cannot be had with fit_preparatory"):
        found = ltrrnn.fit({**HYPERPARAMETERS, "fit_preparatory": True}, data(), None, times)
    assert found.data_estimate.shape == (10, 24, 14)


def test_what_is_not_there_is_named() -> None:
    hyperparameters = {**HYPERPARAMETERS, "training_iterations": 1, "colour": "red"}
    with pytest.warns(UserWarning) as caught:
        ltrrnn.fit(hyperparameters, data(), device="cuda", cmap_condition=len)
    text = " ".join(str(one.message) for one in caught)
    named = ["fraction_masked", "control_dnn_dim", "control_hidden_dim", "test_freq"]
    for name in [*named, "min_std_convergence", "colour", "device", "cmap_condition"]:
        assert f"{name} (" in text, name
    assert "trial_rank_control" not in text and "regularization_function" not in text
    changed = {"trial_rank_control": 2, "regularization_function": "abs"}
    with pytest.warns(UserWarning, match=r"trial_rank_control .*regularization_function"):
        ltrrnn.fit({**hyperparameters, **changed}, data())


def test_every_hyperparameter_is_honoured_or_named() -> None:
    source = Path(ltrrnn.__file__).read_text()
    # The caller gives this one to block_mask.
    elsewhere = {"fraction_test", "control_preparatory"}
    for name in set(ltrrnn.DEFAULTS) - set(ltrrnn._ABSENT) - elsewhere:
        assert f'settings["{name}"]' in source, name


def test_masks_say_what_is_fitted_and_tested() -> None:
    neural_data = data()
    np.random.seed(3)
    train, test = ltrrnn.block_mask(neural_data.shape, [2, 2, 1], [1, 1, 0], 0.1)
    found = ltrrnn.fit(HYPERPARAMETERS, neural_data, None, None, None, None, train, test)
    error = (found.data_estimate - neural_data) ** 2
    assert found.L_total == pytest.approx(error[train].mean())
    assert found.L_test == pytest.approx(error[test].mean())
    assert found.model.summary_["train"]["entries"] == train.sum()
    assert found.model.summary_["held_out"]["entries"] == test.sum()
    # What is in neither mask changes nothing.
    other = neural_data.copy()
    other[~np.asarray(train) & ~np.asarray(test)] = 0.5
    again = ltrrnn.fit(HYPERPARAMETERS, other, None, None, None, None, train, test)
    assert np.array_equal(again.model.columns_, found.model.columns_)


def test_spikes_are_counts() -> None:
    spikes = np.random.default_rng(1).poisson(1.5, size=(10, 24, 6))
    found = ltrrnn.fit({**HYPERPARAMETERS, "training_iterations": 5}, spikes)
    assert found.model.summary_["likelihood"] == "Poisson"


def test_a_grid_is_searched(tmp_path: Path) -> None:
    neural_data = data()
    train, test = ltrrnn.block_mask(neural_data.shape, [2, 2, 1], [1, 1, 0], 0.1, seed=1)
    given = dict(HYPERPARAMETERS)
    losses = ltrrnn.grid_search(
        given,
        neural_data,
        train_mask=train,
        test_mask=test,
        cv_hyperparameters={"rnn_dim": [6, 10], "rank": [1, 2, 3]},
        seeds=[1, 2],
    )
    assert losses.shape == (2, 3, 2) and np.isfinite(losses).all()
    assert given == HYPERPARAMETERS
    (folder,) = (tmp_path / "cv" / "all").iterdir()
    assert np.array_equal(np.load(folder / "cv_grid.npy"), losses)
    runs = [path for path in folder.iterdir() if path.is_dir()]
    assert len(runs) == 12 and all((run / "model.npz").exists() for run in runs)
    one = {**HYPERPARAMETERS, "rnn_dim": 10, "rank": 3, "seed": 2}
    alone = ltrrnn.fit(one, neural_data, train_mask=train, test_mask=test)
    assert losses[1, 2, 1] == alone.losses[1]
    with pytest.raises(ValueError, match="has 1 hyperparameters, expected 2"):
        ltrrnn.grid_search(given, neural_data, cv_hyperparameters={"rank": [1]})


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5)),
    inner=st.tuples(*3 * [st.integers(0, 2)]),
    margin=st.tuples(*3 * [st.integers(0, 2)]),
    share=st.floats(0, 0.5),
    exact=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_masks_are_blocks(
    shape: tuple[int, int, int],
    inner: tuple[int, int, int],
    margin: tuple[int, int, int],
    share: float,
    exact: bool,
    seed: int,
) -> None:
    outer = tuple(a + b for a, b in zip(inner, margin, strict=True))
    train, test = ltrrnn.block_mask(shape, outer, inner, share, exact, seed=seed)
    assert train.shape == test.shape == shape
    assert not (train & test).any()
    if exact:
        size = np.prod(2 * np.array(inner) + 1)
        assert test.sum() <= int(share * np.prod(shape) / size) * size
        if not any(margin):
            assert (train | test).all()
    # As the example reads them.
    assert 0 <= train.float().mean().item() <= 1


def test_masks_are_named_by_the_state_of_numpy_or_a_seed() -> None:
    masks = []
    for _ in range(2):
        np.random.seed(5)
        masks.append(ltrrnn.block_mask((9, 9, 9), (1, 1, 1), (1, 1, 1), 0.2)[0])
    assert np.array_equal(*masks)
    with pytest.raises(ValueError, match="below test_blocks_dimensions"):
        ltrrnn.block_mask((9, 9), (1, 1), (2, 1), 0.2)
    with pytest.raises(ValueError, match="expected 2 as the masks"):
        ltrrnn.block_mask((9, 9), (1, 1, 1), (1, 1, 1), 0.2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"neural_data": np.zeros((3, 4))}, "expected 3 .time, trial, neuron."),
        ({"times": np.zeros(3)}, r"times has shape \(3,\), expected \(10,\)"),
        ({"condition": [1]}, '"condition" holds 1 numbers, expected 24'),
        ({"train_mask": np.ones((2, 2, 2), dtype=bool)}, "train_mask has shape"),
        ({"load_directory": "old"}, "cannot be read here"),
        ({"hyperparameters": {"optimize": False}}, "cannot be read here"),
        ({"hyperparameters": {"rank": 0}}, "--rank is 0"),
    ],
)
def test_wrong_input_gets_one_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with warnings.catch_warnings(), pytest.raises(ValueError, match=sentence) as caught:
        warnings.simplefilter("ignore")
        ltrrnn.fit(**{"hyperparameters": HYPERPARAMETERS, "neural_data": data(), **arguments})
    assert len(str(caught.value).splitlines()) == 1
    assert all(not files for _, _, files in os.walk("runs"))
