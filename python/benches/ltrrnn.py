"""The same calls to the package ltrRNN (https://github.com/arthur-pe/LtrRNN) and to the drop-in.

    PYTHONPATH=LtrRNN python ltrrnn.py ltrRNN --iterations 300
    python ltrrnn.py rankproof --iterations 300

A network of tensor rank 2 whose weights change over trials is recorded with noise; each package is asked
for a mask, a fit and a search over ranks with the hyperparameters of ltrRNN's example notebook, but for
the size. Prints, as JSON, the shares of the mask, mean squared errors over the variance of the data on
the entries that are fitted and on those that are held out, the same in both, the trial factors and how
much of the true course over trials they explain, processor seconds, and the files. Of ltrRNN no pauses
are made for figures, and losses are those where it draws, every so many iterations; it ends by itself
where they fall no more.
"""

import argparse
import importlib
import json
import os
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

os.environ["MPLBACKEND"] = "Agg"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("package", choices=["ltrRNN", "rankproof"])
parser.add_argument("--iterations", type=int, default=300)
parser.add_argument("--learning-rate", type=float, default=0.001)
parser.add_argument("--units", type=int, default=30)
parser.add_argument("--rank", type=int, default=2)
parser.add_argument("--no-grid", action="store_true", help="no search")
arguments = parser.parse_args()

# As in that package's notebook; those of the size follow.
HYPERPARAMETERS = {
    "seed": 1, "time_constant": 1.0, "noise": 0.0, "bias": False, "duration": 2,
    "orthogonal_decoder": True, "decoder_bias": False, "sigma_observation": 0.1, "l": 15,
    "sigma": 0.1, "discontinuous_covariance": False, "control_preparatory": True,
    "control_execution": False, "fit_preparatory": False, "condition_specific_init": False,
    "in_space_control": True, "control_dim": 3, "control_dnn_dim": [150, 150],
    "control_hidden_dim": 150, "time_constant_control": 2, "trial_rank_control": -1,
    "fraction_masked": 0.2, "fraction_test": 0.2, "regularization": 0.01,
    "regularization_function": "square", "min_std_convergence": 0.001,
    "steps_std_convergence": 200, "optimize": True,
    "rnn_dim": arguments.units, "rank": arguments.rank, "learning_rate": arguments.learning_rate,
    "training_iterations": arguments.iterations, "test_freq": 100,
}


def recorded(trials=48, before=6, bins=15, neurons=24, seed=1):
    """Activity (time, trial, neuron), condition, times, epoch and trial id."""
    random = np.random.default_rng(seed)
    left, right = np.linalg.qr(random.normal(size=(neurons, 4)))[0].T.reshape(2, 2, neurons)
    turned = np.array([0.8 * left[0] - 0.6 * left[1], 0.6 * left[0] + 0.8 * left[1]]) + 0.5 * right
    course = np.linspace(0, 1, trials)
    factors = np.array([1.5 + course, 2.5 - 1.5 * course])
    condition = np.arange(trials) % 4
    angle = np.pi / 2 * condition
    inputs = 8.0 * (np.outer(np.cos(angle), left[0]) + np.outer(np.sin(angle), left[1]))
    states, activity = np.zeros((trials, neurons)), []
    for bin in range(before + bins):
        drive = np.einsum("rk,rn,rm,km->kn", factors, left, turned, np.tanh(states))
        states = states + 0.15 * (drive - states + (inputs if bin < before else 0.0))
        activity.append(np.tanh(states))
    activity = np.array(activity)
    activity += 0.05 * random.normal(size=activity.shape)
    epoch = np.array(["BL"] * (trials // 3) + ["AD"] * (trials - trials // 3))
    return activity, condition, np.arange(before + bins) - float(before), epoch, np.arange(trials)


def held_out(shape, blocks=40):
    """Masks as those of block_mask, the same for both packages."""
    random = np.random.default_rng(1)
    train, test = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for middle in random.integers(0, shape, size=(blocks, 3)):
        for mask, half, value in ((train, (5, 5, 1), False), (test, (2, 2, 1), True)):
            mask[tuple(slice(max(m - h, 0), m + h + 1) for m, h in zip(middle, half))] = value
    return train, test


neural_data, condition, times, epoch, trial_id = recorded()
os.chdir(tempfile.mkdtemp())
if arguments.package == "ltrRNN":
    import matplotlib.pyplot
    import torch

    package = importlib.import_module("ltrRNN")
    version = f"ltrRNN {package.__version__}, torch {torch.__version__}"
    torch.set_num_threads(1)
    torch.manual_seed(1)
    matplotlib.pyplot.pause = lambda _: None
    # Its arrays have to be of the type of its weights.
    neural_data = neural_data.astype(np.float32)
    inner = importlib.import_module("ltrRNN.run.fit")
    train, returned = inner.train, []

    def kept(*given, **named):
        returned.append(train(*given, **named))
        return returned[-1]

    inner.train = kept
else:
    import rankproof
    from rankproof import ltrrnn as package

    version = f"rankproof {rankproof.__version__}"
    np.random.seed(1)

shape = neural_data[times >= 0].shape
masks = package.block_mask(shape, [5, 5, 1], [2, 2, 1], 0.2)
train_mask, test_mask = held_out(shape)
if arguments.package == "ltrRNN":
    train_mask, test_mask = torch.tensor(train_mask), torch.tensor(test_mask)
arrays = (neural_data, condition, times, epoch, trial_id, train_mask, test_mask)
begin = time.process_time()
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    found = package.fit(HYPERPARAMETERS, *arrays)
seconds = time.process_time() - begin
losses = returned[0] if arguments.package == "ltrRNN" else found.losses
def explained(factors):
    """The share of the variance of the true course over trials, a line, that trial factors explain."""
    course = np.arange(len(trial_id), dtype=float)
    known = np.column_stack([np.ones_like(course), np.asarray(factors, dtype=float)])
    rest = course - known @ np.linalg.lstsq(known, course, rcond=None)[0]
    return 1 - rest.var() / course.var()


def smooth(state):
    """The trial factors that a model of ltrRNN saved, without what is independent from trial to trial."""
    distance = np.subtract.outer(trial_id, trial_id) / HYPERPARAMETERS["l"]
    covariance = HYPERPARAMETERS["sigma"] ** 2 / (1 + distance**2 / 2) + 1e-6 * np.eye(len(trial_id))
    white, mean = (state[f"sdes.0.{name}"].numpy() for name in ("W_trial.weight", "observation_bias"))
    return np.linalg.cholesky(covariance) @ white + mean


(folder,) = Path("runs/all").glob("*")
if arguments.package == "ltrRNN":
    factors = smooth(torch.load(folder / "model.pt"))
else:
    factors = np.transpose(found.get_components()[0])
told = {
    "package": version,
    "shape": neural_data.shape,
    "block_mask": [round(mask.float().mean().item(), 4) for mask in masks],
    "losses": [round(float(loss), 4) for loss in losses],
    "course_explained": round(float(explained(factors)), 4),
    "trial_factors": np.asarray(factors, dtype=float)[::8].round(3).tolist(),
    "processor_seconds": round(seconds, 1),
    "files": sorted(path.name for path in Path("runs/all").glob("*/*")),
    "warned": [str(one.message) for one in warned if "passed over" in str(one.message)],
}
if not arguments.no_grid:
    given = {"rnn_dim": [arguments.units], "rank": [1, 2, 3]}
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package.grid_search(dict(HYPERPARAMETERS), *arrays, cv_hyperparameters=given, seeds=[1])
    (grid,) = Path("cv/all").glob("*/cv_grid.npy")
    told["cv_grid"] = np.load(grid)[..., 0].round(4).tolist()
    told["grid_processor_seconds"] = round(time.process_time() - begin, 1)
print(json.dumps(told))
