"""Figures of reports, by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rankproof._rank import SIDES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure(parts: Mapping[str, Any]) -> Figure:
    """For each part, which has effective ranks, a row: dimensions of each side, and CP terms."""
    from matplotlib import pyplot

    drawn, panels = pyplot.subplots(
        len(parts), 2, figsize=(9.0, 3.2 * len(parts)), squeeze=False, layout="constrained"
    )
    for (name, effective), (left, right) in zip(parts.items(), panels, strict=True):
        _sides(left, effective)
        _terms(right, effective)
        if name:
            left.set_title(f"gate {name}", loc="left")
    pyplot.close(drawn)
    return drawn


def _frame(axes: Axes, label: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axhline(0.95, color="0.8", linewidth=0.8)
    axes.set(xlabel=label, ylabel="share of the movement", ylim=(0, 1.02))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="lower right")


def _sides(axes: Axes, effective: Any) -> None:
    for place, (side, name) in enumerate(SIDES.items()):
        found = effective[side]
        if found is None:
            continue
        colour = f"C{place}"
        held = found["explained"]
        axes.plot(range(1, len(held) + 1), held, color=colour, marker=".", label=name)
        walk = effective["null"] and effective["null"][side]
        if walk and walk["r95"]:
            median = walk["r95"][1]
            axes.plot([median], [0.95], color=colour, marker="x", linestyle="none")
    axes.plot([], [], color="0.3", marker="x", linestyle="none", label="95 % of random walks")
    _frame(axes, "dimensions")


def _terms(axes: Axes, effective: Any) -> None:
    cp, walk = effective["cp"], effective["null"]
    if cp is not None:
        held = cp["explained"]
        axes.plot(range(1, len(held) + 1), held, color="C3", marker=".", label="CP terms")
    if walk and walk["cp_explained"]:
        most = walk["cp_explained"]
        label = "random walks, at most"
        axes.plot(range(1, len(most) + 1), most, color="0.5", linestyle="--", label=label)
    _frame(axes, "CP terms")


def learning(layers: Mapping[str, Any]) -> Figure:
    """For each linear layer how much so many dimensions of its activity, errors and movement hold."""
    from matplotlib import pyplot

    shown = {name: layer for name, layer in layers.items() if layer.activity is not None}
    if not shown:
        raise ValueError("no linear layer was watched, expected one to draw")
    drawn, panels = pyplot.subplots(
        1, len(shown), figsize=(4.5 * len(shown), 3.4), squeeze=False, layout="constrained"
    )
    for (name, layer), axes in zip(shown.items(), panels[0], strict=True):
        effective = layer.movement.effective
        curves = {
            "activity": layer.activity,
            "errors": layer.errors,
            "movement, columns": effective["columns"],
            "movement, rows": effective["rows"],
        }
        for label, found in curves.items():
            if found is not None:
                held = found["explained"]
                axes.plot(range(1, len(held) + 1), held, marker=".", label=label)
        axes.set_title(name, loc="left")
        _frame(axes, "dimensions")
        axes.set_ylabel("share")
    pyplot.close(drawn)
    return drawn
