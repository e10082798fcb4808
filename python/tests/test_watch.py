"""Networks of PyTorch that are watched."""

import gc

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="there is no torch")

import rankproof  # noqa: E402


class Network(torch.nn.Module):
    """A recurrent layer and a readout."""

    def __init__(self, kind="LSTM", units=12, inputs=3):
        super().__init__()
        self.rnn = getattr(torch.nn, kind)(inputs, units, batch_first=True)
        self.readout = torch.nn.Linear(units, 2)

    def forward(self, x):
        return self.readout(self.rnn(x)[0])


def train(model, optimizer, steps=8, inputs=3, told=None):
    random = torch.Generator().manual_seed(2)
    for step in range(steps):
        x = torch.randn(4, 6, inputs, generator=random)
        loss = (model(x) - x[..., :2].cumsum(1)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if told:
            told(step + 1)


@pytest.mark.parametrize(("kind", "gates"), [("RNN", []), ("GRU", list("rzn")), ("LSTM", list("ifgo"))])
def test_weights_are_those_after_each_step(kind, gates):
    torch.manual_seed(1)
    model = Network(kind)
    kept = [model.rnn.weight_hh_l0.detach().clone()]
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with rankproof.watch(model) as learning:
        train(model, optimizer, told=lambda _: kept.append(model.rnn.weight_hh_l0.detach().clone()))
    train(model, optimizer, steps=2)
    report = learning.report()
    assert list(report) == ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "readout.weight"]
    movement = report["rnn.weight_hh_l0"].movement
    assert movement.to_json() == rankproof.rank(kept, split=gates or None, exact=False).to_json()
    assert list(movement.gates) == gates
    assert report["rnn.weight_hh_l0"].activity is None
    assert report["readout.weight"].optimizers == ["Adam"]


def test_steps_between_are_left_out_and_the_last_is_kept():
    model = Network()
    kept = {0: model.readout.weight.detach().clone()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with rankproof.watch(model, every=3, parameters="readout.*") as learning:
        train(model, optimizer, told=lambda k: kept.update({k: model.readout.weight.detach().clone()}))
    history = learning.histories["readout.weight"]
    assert history.steps == [0, 3, 6, 8] and list(learning.histories) == ["readout.weight"]
    expected = rankproof.rank([kept[k] for k in history.steps], steps=history.steps, exact=False)
    report = learning.report()["readout.weight"]
    assert report.movement.to_json() == expected.to_json()
    # The passes that led to steps 3 and 6.
    assert report.samples == 2 * 4 * 6


def test_activity_and_errors_are_pooled():
    """A gradient is errors^T activity, so the pooled sides hold all that gradient descent moves."""
    torch.manual_seed(3)
    inputs, outputs = 10, 7
    model = torch.nn.Sequential(torch.nn.Linear(inputs, outputs, bias=False))
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    basis = torch.randn(2, inputs, dtype=torch.float64)
    model.double()
    seen, errors = [], []
    with rankproof.watch(model) as learning:
        for _ in range(6):
            x = torch.randn(5, 2, dtype=torch.float64) @ basis
            y = model(x)
            y.retain_grad()
            y.square().sum().backward()
            seen.append(x)
            errors.append(y.grad)
            optimizer.step()
            optimizer.zero_grad()
            with torch.no_grad():
                model(torch.randn(3, inputs, dtype=torch.float64))
    layer = learning.report()["0.weight"]
    for found, rows in ((layer.activity, torch.cat(seen)), (layer.errors, torch.cat(errors))):
        squares = np.linalg.svd(rows.numpy(), compute_uv=False) ** 2
        shares = squares / squares.sum()
        assert found.participation_ratio == pytest.approx(1 / np.sum(shares**2), rel=1e-9)
        assert found.r95 == np.searchsorted(np.cumsum(shares), 0.95) + 1
        assert found.explained == pytest.approx(np.cumsum(shares)[: found.r99], rel=1e-9)
    assert layer.samples == 30 and layer.activity.r99 <= 2
    # The movement is where theorem gradient-factorization says that it is.
    change = model[0].weight.detach() - torch.tensor(learning.histories["0.weight"].weights[0])
    outside = change - change @ torch.linalg.pinv(basis) @ basis
    assert outside.norm() < 1e-12 * change.norm()
    expected = 0.0
    whole = 0.0
    _, _, right = np.linalg.svd(torch.cat(seen).numpy())
    weights = np.array(learning.histories["0.weight"].weights)
    for matrix in weights[1:] - weights[0]:
        whole += np.sum(matrix**2)
        expected += np.sum((matrix @ right[: layer.activity.r95].T) ** 2)
    assert layer.in_activity.share == pytest.approx(expected / whole, rel=1e-9)
    assert layer.in_activity.chance == layer.activity.r95 / inputs


def test_other_models_and_optimizers_are_not_counted():
    model, other = Network("RNN"), Network("RNN")
    first = torch.optim.SGD(model.rnn.parameters(), 0.1)
    second = torch.optim.Adam(model.readout.parameters(), 0.01, weight_decay=0.1)
    both = torch.optim.SGD(other.parameters(), 0.1)
    with rankproof.watch(model) as learning, rankproof.watch(model, optimizer=second) as one:
        train(other, both)
        train(model, first, steps=3)
        train(model, second, steps=2)
    assert len(learning.histories["rnn.weight_hh_l0"]) == 4
    assert len(learning.histories["readout.weight"]) == 3
    report = one.report()
    assert list(report) == ["readout.weight"]
    assert report.still == ["rnn.weight_ih_l0", "rnn.weight_hh_l0"]
    assert report["readout.weight"].optimizers == ["Adam with weight decay 0.1"]
    assert "No step moved rnn.weight_ih_l0, rnn.weight_hh_l0." in str(report)


def test_hooks_and_files_go():
    model = Network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(LookupError), rankproof.watch(model) as learning:
        train(model, optimizer, steps=2)
        raise LookupError
    assert not model.readout._forward_hooks
    assert len(learning.histories["readout.weight"]) == 3
    folder = learning.histories["readout.weight"].path.parent
    assert folder.exists()
    del learning
    gc.collect()
    assert not folder.exists()


def test_what_is_not_there_is_refused():
    model = Network()
    with pytest.raises(ValueError, match="no matrix is called 'rnn.none', only rnn.weight_ih_l0"):
        rankproof.watch(model, parameters=["rnn.none"])
    with pytest.raises(ValueError, match="every: is 0, expected at least 1"):
        rankproof.watch(model, every=0)
    with pytest.raises(ValueError, match="has no matrix that is learned"):
        rankproof.watch(torch.nn.BatchNorm1d(3))
    with rankproof.watch(model) as learning:
        model(torch.zeros(1, 2, 3))
    with pytest.raises(ValueError, match="no step of a torch.optim optimizer"):
        learning.report()


def test_a_report_is_a_table():
    torch.manual_seed(1)
    model = Network("LSTM")
    with rankproof.watch(model) as learning:
        train(model, torch.optim.SGD(model.parameters(), 0.1))
    report = learning.report()
    lines = str(report).splitlines()
    assert lines[0].split()[:4] == ["parameter", "shape", "activity", "errors"]
    assert lines[1].startswith("rnn.weight_ih_l0[i]") and "12 x 3" in lines[1]
    assert len(report.rows) == 9 and "gradient-factorization" in str(report)
    assert "<table>" in report._repr_html_()
    import json

    assert json.loads(json.dumps(report.to_dict()))["layers"]["readout.weight"]["samples"] == 192
    pytest.importorskip("matplotlib", reason="there is no matplotlib").use("Agg")
    assert len(report.plot().axes) == 1


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_are_watched(dtype):
    torch.manual_seed(1)
    model = torch.nn.Linear(8, 8).to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with rankproof.watch(model) as learning:
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(4, 8, dtype=dtype)).pow(2).mean().backward()
            optimizer.step()
    report = learning.report()["weight"]
    assert report.movement.precision.array == str(dtype).removeprefix("torch.")
    assert report.activity.r95 <= 8
