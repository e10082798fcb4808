"""What is found in a network that was watched: activity, errors and movement beside each other."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rankproof._history import History
from rankproof._rank import Record, WeightReport

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

_SHARES = {"r90": 0.90, "r95": 0.95, "r99": 0.99}


class Pool:
    """Gram matrices of the inputs and of the errors of a linear layer, over all samples that passed.

    Errors are the derivatives of the loss by the outputs of the layer.
    """

    def __init__(self, outputs: int, inputs: int) -> None:
        self.samples = 0
        self._sizes = {"activity": inputs, "errors": outputs}
        self._grams: dict[str, torch.Tensor] = {}

    def add(self, activity: torch.Tensor, errors: torch.Tensor) -> None:
        """Add a pass, whatever its axes besides the last are."""
        self.samples += errors.reshape(-1, errors.shape[-1]).shape[0]
        self._add("activity", activity)
        self._add("errors", errors)

    def _add(self, side: str, values: torch.Tensor) -> None:
        import torch

        rows = values.reshape(-1, self._sizes[side])
        if rows.dtype not in (torch.float32, torch.float64):
            rows = rows.to(torch.float32)
        product = rows.T @ rows
        if side in self._grams:
            self._grams[side] += product
        else:
            wide = torch.float32 if product.device.type == "mps" else torch.float64
            self._grams[side] = product.to(wide)

    def directions(self, side: str) -> Directions | None:
        """The principal directions of a side, ``"activity"`` or ``"errors"``; None of nothing."""
        gram = self._grams.get(side)
        if gram is None:
            return None
        values, vectors = np.linalg.eigh(gram.cpu().double().numpy())
        values = np.maximum(values[::-1], 0.0)
        return Directions(values, vectors[:, ::-1]) if values.sum() > 0 else None


class Directions(NamedTuple):
    """Squared norms along principal directions, from the largest on, and the directions."""

    values: npt.NDArray[np.float64]
    vectors: npt.NDArray[np.float64]

    def record(self) -> Record:
        """The numbers of dimensions, defined as those of the movement are."""
        shares = self.values / self.values.sum()
        held = np.cumsum(shares)
        counts = {name: _count(held, share) for name, share in _SHARES.items()}
        explained = held[: counts["r99"]].tolist()
        ratio = float(1.0 / np.sum(shares**2))
        return Record(participation_ratio=ratio, **counts, explained=explained)

    def leading(self) -> npt.NDArray[np.float64]:
        """The directions that hold 95 %."""
        held = np.cumsum(self.values) / self.values.sum()
        return self.vectors[:, : _count(held, _SHARES["r95"])]


def _count(held: npt.NDArray[np.float64], share: float) -> int:
    """The least number of dimensions that holds so much."""
    return min(int(np.searchsorted(held, share)) + 1, len(held))


class LayerReport:
    """What is found of one parameter.

    Attributes
    ----------
    movement : WeightReport
        The ranks of its weights.
    activity, errors : Record or None
        Dimensions of the inputs of a linear layer, and of the derivatives of the loss by its outputs;
        None of other layers.
    in_activity, in_errors : Record or None
        The share of the movement whose rows lie in the dimensions that hold 95 % of the activity, or
        whose columns lie in those of the errors; and what a movement in uniform directions has.
    samples : int
        How many inputs were pooled.
    optimizers : list of str
        Whose steps were seen.
    """

    def __init__(
        self, movement: WeightReport, history: History, pool: Pool | None, optimizers: Sequence[str]
    ) -> None:
        self.movement = movement
        self.optimizers = list(optimizers)
        self.samples = pool.samples if pool else 0
        self.activity = self.errors = self.in_activity = self.in_errors = None
        activity = pool.directions("activity") if pool else None
        errors = pool.directions("errors") if pool else None
        if activity is None or errors is None:
            return
        self.activity, self.errors = activity.record(), errors.record()
        inputs, outputs = activity.leading(), errors.leading()
        weights = history.weights
        start = weights[0].astype(np.float64)
        whole = of_inputs = of_outputs = 0.0
        for matrix in weights[1:]:
            change = matrix.astype(np.float64) - start
            whole += float(np.sum(change**2))
            of_inputs += float(np.sum((change @ inputs) ** 2))
            of_outputs += float(np.sum((outputs.T @ change) ** 2))
        if whole > 0:
            self.in_activity = _share(of_inputs / whole, inputs)
            self.in_errors = _share(of_outputs / whole, outputs)

    def to_dict(self) -> dict[str, Any]:
        """All of it, with what ``rankproof rank --json`` writes under ``movement``."""
        names = ("activity", "errors", "in_activity", "in_errors", "samples", "optimizers")
        return {"movement": self.movement.to_dict(), **{name: getattr(self, name) for name in names}}

    def __repr__(self) -> str:
        return self.movement.sentence


def _share(share: float, directions: npt.NDArray[np.float64]) -> Record:
    neurons, count = directions.shape
    return Record(share=min(share, 1.0), chance=count / neurons)


class LearningReport(Mapping[str, LayerReport]):
    """What is found of every parameter that was watched, by name.

    Attributes
    ----------
    rows : list of dict
        A row for each parameter, or each gate of one: the dimensions that hold 95 % of the activity,
        of the errors and of the movement, and what random walks need.
    """

    def __init__(
        self, layers: Mapping[str, LayerReport], still: Sequence[str], every: int
    ) -> None:
        self._layers = dict(layers)
        self.still = list(still)
        self.every = every
        self.rows = [row for name, layer in layers.items() for row in _rows(name, layer)]

    def __getitem__(self, name: str) -> LayerReport:
        return self._layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def table(self) -> Any:
        """The rows as a ``pandas.DataFrame``; needs pandas."""
        import pandas

        return pandas.DataFrame(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as it can be written as JSON."""
        layers = {name: layer.to_dict() for name, layer in self._layers.items()}
        return {"every": self.every, "still": self.still, "layers": layers}

    def plot(self) -> Figure:
        """Draw how much so many dimensions hold, of each linear layer; needs matplotlib."""
        from rankproof._plot import learning

        return learning(self._layers)

    def __str__(self) -> str:
        cells = [_HEAD, *(_cells(row) for row in self.rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(_HEAD))]
        lines = []
        for row in cells:
            first, *others = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join([f"{first.strip():<{widths[0]}}", *others]).rstrip())
        return "\n".join([*lines, "", *self._notes()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in _HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row)) + "</tr>"
            for row in self.rows
        )
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        return f"<table><tr>{head}</tr>{body}</table>{notes}"

    def _notes(self) -> list[str]:
        seen = sorted({name for layer in self._layers.values() for name in layer.optimizers})
        notes = [
            "Dimensions that hold 95 %: of activity and errors over all samples, of the rows and "
            "columns of the movement W_k - W_0; in brackets medians of random walks of the same steps."
        ]
        if any(layer.activity is not None for layer in self._layers.values()):
            notes.append(
                "In activity: the share of the movement in the dimensions that hold 95 % of the "
                "activity, in errors in those of the errors (by chance in brackets). "
                "gradient-factorization: a gradient is errors^T activity, so sums of gradients lie in "
                "the spans of all activity and of all errors, of which these dimensions are a part; "
                "optimizers that change entries one by one leave the spans."
            )
        notes.append(f"Steps by {', '.join(seen)}; every {self.every}.")
        if self.still:
            notes.append(f"No step moved {', '.join(self.still)}.")
        return notes


_HEAD = [
    "parameter", "shape", "activity", "errors", "columns", "rows", "CP terms", "in activity",
    "in errors",
]  # fmt: skip


def _rows(name: str, layer: LayerReport) -> Iterator[dict[str, Any]]:
    parts = layer.movement.gates or {"": layer.movement}
    for gate, movement in parts.items():
        effective = movement.effective
        null, (_, neurons, inputs) = effective["null"] or {}, movement.shape
        row: dict[str, Any] = {
            "parameter": f"{name}[{gate}]" if gate else name,
            "neurons": neurons,
            "inputs": inputs,
            "activity_r95": layer.activity and layer.activity["r95"],
            "errors_r95": layer.errors and layer.errors["r95"],
        }
        for side in ("columns", "rows"):
            found, walk = effective[side], null.get(side)
            row[f"{side}_r95"] = found and found["r95"]
            row[f"{side}_r95_walk"] = walk and walk["r95"][1]
        cp = effective["cp"]
        row["cp_r95"] = cp and cp["r95"]
        row["cp_limit"] = cp and cp["limit"]
        row["cp_r95_walk"] = null.get("r95")
        for side in ("in_activity", "in_errors"):
            share = getattr(layer, side)
            row[side] = share and share["share"]
            row[f"{side}_chance"] = share and share["chance"]
        yield row


def _cells(row: dict[str, Any]) -> list[str]:
    def number(name: str) -> str:
        found, walk = row[name], row.get(f"{name}_walk")
        if found is None:
            return ""
        return f"{found} ({walk:g})" if walk is not None else str(found)

    def share(name: str) -> str:
        if row[name] is None:
            return ""
        return f"{100 * row[name]:.1f} % ({100 * row[f'{name}_chance']:.1f} %)"

    terms = "" if row["cp_limit"] is None else f">{row['cp_limit']}"
    if row["cp_r95"] is not None:
        terms = str(row["cp_r95"])
    if terms and row["cp_r95_walk"] is not None:
        terms += f" ({row['cp_r95_walk']:g}+)"
    sides = ["activity_r95", "errors_r95", "columns_r95", "rows_r95"]
    shape = f"{row['neurons']} x {row['inputs']}"
    return [
        row["parameter"],
        shape,
        *(number(side) for side in sides),
        terms,
        share("in_activity"),
        share("in_errors"),
    ]
