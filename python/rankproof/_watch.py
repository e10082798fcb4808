"""Watch a network of PyTorch learn: its weights step by step, its activity and its errors."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rankproof._history import History
from rankproof._learning import LayerReport, LearningReport, Pool

if TYPE_CHECKING:
    import torch

# Gates whose rows are stacked, by the class of the module.
_GATES = {"LSTM": ["i", "f", "g", "o"], "GRU": ["r", "z", "n"]}

# Sides of a layer up to which activity and errors are pooled: 128 MiB for each Gram matrix.
_MAX_SIDE = 4096


def watch(
    model: torch.nn.Module,
    every: int = 1,
    *,
    parameters: str | Sequence[str] | None = None,
    optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer] | None = None,
    activity: bool = True,
) -> Learning:
    """Watch a network learn: ``with rankproof.watch(model) as learning: train(model)``.

    The weights of matrix parameters are written to disk before the first step of an optimizer and
    after each step, whatever the training loop is: memory does not grow, and the disk takes them once for
    each step that is recorded. Of every linear layer the Gram matrices of its
    inputs and of the derivatives of the loss by its outputs are pooled.

    Parameters
    ----------
    model
        Any module. Of ``RNN``, ``GRU`` and ``LSTM`` the weights alone are watched, gate by gate, as
        their time steps are not seen from outside.
    every
        Record each step whose number this divides, and pool the passes that lead to these steps. The
        last step is recorded in any case.
    parameters
        Names, or patterns with * and ?, of the parameters to watch: all matrices if not given.
        Parameters of more axes that fit are flattened from the second axis on.
    optimizer
        Count the steps of this optimizer, or of these, alone.
    activity
        False to pool nothing.

    Returns
    -------
    Learning
        A context manager; ask it for its `report`.

    Raises
    ------
    ValueError
        If no parameter fits.
    """
    return Learning(model, every, parameters, optimizer, activity)


class Learning:
    """What is recorded while a network learns; made by `watch`.

    Attributes
    ----------
    histories : dict of str to History
        The weights of each parameter.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        every: int,
        parameters: str | Sequence[str] | None,
        optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer] | None,
        activity: bool,
    ) -> None:
        if every < 1:
            raise ValueError(f"every: is {every}, expected at least 1")
        self.every = every
        self._parameters = _chosen(model, parameters)
        self._optimizers: list[Any] | None = None
        if optimizer is not None:
            several = isinstance(optimizer, Iterable)
            self._optimizers = list(optimizer) if several else [optimizer]
        self._names = {id(parameter): name for name, parameter in self._parameters.items()}
        self._gates = _gates(model)
        self._linear = _linear(model, self._names) if activity else {}
        self._pools = {
            name: Pool(*module.weight.shape) for name, module in self._linear.items()
        }
        self._steps = dict.fromkeys(self._parameters, 0)
        self._seen: dict[str, set[str]] = {name: set() for name in self._parameters}
        self._handles: list[Any] = []
        self._folder = tempfile.mkdtemp(prefix="rankproof-")
        self.histories = {
            name: History(Path(self._folder) / f"{place}.npy")
            for place, name in enumerate(self._parameters)
        }
        # Files are closed before their folder goes.
        self._end = weakref.finalize(self, _remove, self._folder, list(self.histories.values()))

    def __enter__(self) -> Learning:
        from torch.optim.optimizer import register_optimizer_step_post_hook

        for name in self._parameters:
            self._record(name)
        self._handles.append(register_optimizer_step_post_hook(self._after_step))
        for name, module in self._linear.items():
            hook = self._hook(name)
            self._handles.append(module.register_forward_hook(hook, with_kwargs=True))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        for name in self._parameters:
            self._record(name)

    def _record(self, name: str) -> None:
        """Write the weights, unless those of this step are written already."""
        history = self.histories[name]
        if history.steps and history.steps[-1] == self._steps[name]:
            return
        values = self._parameters[name].detach()
        history.append(values.reshape(values.shape[0], -1), self._steps[name])

    def _after_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        """Is called after each step of any optimizer."""
        if self._optimizers is not None and all(optimizer is not one for one in self._optimizers):
            return
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                name = self._names.get(id(parameter))
                if name is None or parameter.grad is None:
                    continue
                self._steps[name] += 1
                self._seen[name].add(_described(optimizer, group))
                if self._steps[name] % self.every == 0:
                    self._record(name)

    def _hook(self, name: str) -> Any:
        """What a linear layer calls after its forward pass."""
        import torch

        pool = self._pools[name]

        def hook(_: object, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
            leads_to_record = (self._steps[name] + 1) % self.every == 0
            if not (leads_to_record and torch.is_grad_enabled() and output.requires_grad):
                return
            seen = (given[0] if given else named["input"]).detach()
            output.register_hook(lambda errors: pool.add(seen, errors.detach()))

        return hook

    def report(self, *, exact: bool | None = False, **keywords: Any) -> LearningReport:
        """What is found in all that was recorded until now.

        Parameters
        ----------
        exact
            Exact ranks too, as for `rank`; without them a report takes seconds.
        **keywords
            Those of `rank`.

        Raises
        ------
        ValueError
            If no step of an optimizer was seen.
        """
        moved = [name for name, history in self.histories.items() if len(history) > 1]
        if not moved:
            raise ValueError(
                "no step of a torch.optim optimizer with these parameters was recorded, expected "
                "some inside of the with block; for other optimizers there is rankproof.History"
            )
        layers = {}
        for name in moved:
            history, gates = self.histories[name], self._gates.get(name)
            found = history.report(split=gates, exact=exact, **keywords)
            optimizers = sorted(self._seen[name])
            layers[name] = LayerReport(found, history, self._pools.get(name), optimizers)
        still = [name for name in self._parameters if name not in moved]
        return LearningReport(layers, still, self.every)

    def close(self) -> None:
        """Remove what was recorded from the disk."""
        self._end()

    def __repr__(self) -> str:
        steps = max(self._steps.values(), default=0)
        return f"Learning: {len(self._parameters)} parameters, {steps} steps, every {self.every}"


def _remove(folder: str, histories: list[History]) -> None:
    for history in histories:
        history.close()
    shutil.rmtree(folder, ignore_errors=True)


def _chosen(
    model: torch.nn.Module, patterns: str | Sequence[str] | None
) -> dict[str, torch.nn.Parameter]:
    """The parameters to watch: of those that are learned all matrices, or those that fit."""
    learned = {name: one for name, one in model.named_parameters() if one.requires_grad}
    if patterns is None:
        found = {name: one for name, one in learned.items() if one.ndim == 2}
        if not found:
            raise ValueError("model: has no matrix that is learned, expected at least one")
        return found
    found = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        fitting = {n: p for n, p in learned.items() if p.ndim >= 2 and fnmatchcase(n, pattern)}
        if not fitting:
            known = ", ".join(name for name, one in learned.items() if one.ndim >= 2)
            raise ValueError(f"parameters: no matrix is called {pattern!r}, only {known}")
        found |= fitting
    return found


def _gates(model: torch.nn.Module) -> dict[str, list[str]]:
    """The gates of the parameters that have some."""
    found = {}
    for path, module in model.named_modules():
        gates = _GATES.get(type(module).__name__.removesuffix("Cell"))
        for name, _ in module.named_parameters(recurse=False):
            if gates is not None and name.startswith(("weight_ih", "weight_hh")):
                found[f"{path}.{name}" if path else name] = gates
    return found


def _linear(model: torch.nn.Module, names: dict[int, str]) -> dict[str, torch.nn.Linear]:
    """The linear layers whose weights are watched, by the names of these."""
    import torch

    return {
        names[id(module.weight)]: module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
        and id(module.weight) in names
        and max(module.weight.shape) <= _MAX_SIDE
    }


def _described(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> str:
    decay = group.get("weight_decay") or 0
    return type(optimizer).__name__ + (f" with weight decay {decay:g}" if decay else "")
