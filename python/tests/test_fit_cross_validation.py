"""`cross_validate`: the summary of the command line, on any executor."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_helpers import command, oscillation, simulated

from rankproof import CrossValidationSummary, cross_validate
from rankproof._cross_validation import Plan, run_job
from rankproof._source import source_of

GRID: dict[str, Any] = {
    "initial": ["condition", {"hierarchy": 0.5}],
    "inputs": ["never"],
    "time_constant": [0.5],
    "gain": [0.0],
    "length": [15.0],
    "amplitude": [0.5],
    "jumps": [False],
    "iterations": 4,
}
SEARCH: dict[str, Any] = {
    "ranks": [1, 2],
    "units": [4],
    "folds": 2,
    "grid": GRID,
    "permutations": 3,
    "iterations": 10,
    "progress": False,
}
SEARCH_OPTIONS = ["--ranks=1,2", "--units=4", "--folds=2", "--permutations=3", "--iterations=10"]
FIXED: dict[str, Any] = {
    "ranks": range(1, 3),
    "units": [4],
    "folds": 2,
    "fixed": True,
    "initial": "trial",
    "iterations": 10,
    "progress": False,
}
FIXED_OPTIONS = [
    "--ranks=1..2",
    "--units=4",
    "--folds=2",
    "--fixed",
    "--initial=trial",
    "--iterations=10",
]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("recording"))


class Told:
    """What the command line found: the line of summary.json, and what it printed."""

    def __init__(self, folder: Path, printed: str) -> None:
        self.folder = folder
        self.line = (folder / "summary.json").read_text().rstrip("\n")
        self.printed = printed
        self.jobs = {path.stem: path.read_text() for path in (folder / "jobs").iterdir()}


@pytest.fixture(scope="module")
def searched(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("searched")
    grid = folder / "grid.json"
    grid.write_text(json.dumps(GRID))
    out = folder / "cv"
    return Told(out, command("cv", recording, *SEARCH_OPTIONS, "--grid", grid, "--out", out))


@pytest.fixture(scope="module")
def fixed(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    out = tmp_path_factory.mktemp("fixed") / "cv"
    return Told(out, command("cv", recording, *FIXED_OPTIONS, "--out", out))


def is_same(found: CrossValidationSummary, expected: Told) -> bool:
    assert str(found) in expected.printed
    assert str(found.verdict) in expected.printed
    return found.to_json() == expected.line


def test_a_search_is_that_of_the_command_line(recording: Path, searched: Told) -> None:
    found = cross_validate(recording, **SEARCH)
    assert is_same(found, searched)
    assert found.to_dict() == json.loads(searched.line)


def test_with_fixed_it_is_that_of_the_command_line(recording: Path, fixed: Told) -> None:
    assert is_same(cross_validate(recording, **FIXED), fixed)


def test_a_pool_of_threads_finds_the_same(recording: Path, searched: Told, fixed: Told) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert is_same(cross_validate(recording, **SEARCH, executor=pool), searched)
        assert is_same(cross_validate(recording, **FIXED, executor=pool), fixed)


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_a_pool_of_processes_finds_the_same(recording: Path, fixed: Told, start: str) -> None:
    if start == "fork" and not hasattr(os, "fork"):
        pytest.skip("there is no fork on this system")
    # What ran before has had threads, which a fork does not have.
    cross_validate(recording, **FIXED)
    with ProcessPoolExecutor(2, mp_context=get_context(start)) as pool:
        assert is_same(cross_validate(recording, **FIXED, executor=pool), fixed)


def test_processes_search_an_array(recording: Path, searched: Told) -> None:
    with np.load(recording) as arrays:
        X, condition = arrays["activity"].transpose(2, 1, 0), arrays["condition"]
        bin_seconds = float(arrays["bin_s"])
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = cross_validate(
            X, condition=condition, bin_seconds=bin_seconds, **SEARCH, executor=pool
        )
    assert is_same(found, searched)


def test_a_job_is_a_pure_function_of_what_is_pickled(recording: Path, fixed: Told) -> None:
    options = (*FIXED_OPTIONS, "--threads=1")
    plan = pickle.loads(pickle.dumps(Plan(source_of(recording), options, None)))
    name, kept = sorted(fixed.jobs.items())[0]
    job = json.dumps(json.loads(kept)["job"])
    assert run_job(plan, job) == run_job(plan, job) == kept.rstrip("\n"), name
    with pytest.raises(ValueError, match="no job of this kind"):
        run_job(plan, "{}")


class Inline(Executor):
    """Carries out at once, and counts."""

    def __init__(self) -> None:
        self.jobs = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs += 1
        future: Future[Any] = Future()
        future.set_result(fn(*pickle.loads(pickle.dumps(args)), **kwargs))
        return future


def test_any_executor_will_do(recording: Path, fixed: Told) -> None:
    executor = Inline()
    assert is_same(cross_validate(recording, **FIXED, executor=executor), fixed)
    assert executor.jobs == len(fixed.jobs)


class Job:
    """A future of its own kind, as submitit has."""

    def __init__(self, result: str, polls: int) -> None:
        self._result, self._polls = result, polls

    def done(self) -> bool:
        self._polls -= 1
        return self._polls < 0

    def result(self) -> str:
        assert self._polls < 0
        return self._result


class Polled:
    """Its jobs end in another order."""

    def __init__(self) -> None:
        self.jobs = 0

    def submit(self, fn: Any, /, *args: Any) -> Job:
        self.jobs += 1
        return Job(fn(*args), polls=-self.jobs % 3)


def test_futures_of_another_kind_are_asked(recording: Path, fixed: Told) -> None:
    assert is_same(cross_validate(recording, **FIXED, executor=Polled()), fixed)


def dask(folder: Path) -> Any:
    """Workers of their own process."""
    distributed = pytest.importorskip("distributed", reason="passed over: there is no dask.distributed")
    client = distributed.Client(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", local_directory=folder
    )
    return client.get_executor(), client.shutdown


def submitit(folder: Path) -> Any:
    submitit = pytest.importorskip("submitit", reason="passed over: there is no submitit")
    executor = submitit.AutoExecutor(folder=folder, cluster="local")
    executor.update_parameters(timeout_min=10)
    return executor, lambda: None


def ray(folder: Path) -> Any:
    ray = pytest.importorskip("ray", reason="passed over: there is no ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)

    class Pool:
        def submit(self, fn: Any, /, *args: Any) -> Any:
            return ray.remote(fn).remote(*args).future()

    return Pool(), ray.shutdown


@pytest.mark.parametrize("of", [dask, submitit, ray])
def test_executors_of_clusters(recording: Path, fixed: Told, tmp_path: Path, of: Any) -> None:
    executor, end = of(tmp_path)
    try:
        assert is_same(cross_validate(recording, **FIXED, executor=executor), fixed)
    finally:
        end()


KILLED = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from rankproof import cross_validate

class Stuck(ThreadPoolExecutor):
    jobs = 0

    def submit(self, fn, /, *args):
        self.jobs += 1
        return super().submit(fn, *args) if self.jobs <= 3 else super().submit(time.sleep, 1000)

recording, out, keywords = json.loads(sys.argv[1])
cross_validate(recording, out=out, executor=Stuck(1), **keywords)
"""


@pytest.mark.parametrize("kind", ["searched", "fixed"])
def test_a_killed_one_goes_on(
    recording: Path, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    expected: Told = request.getfixturevalue(kind)
    keywords = {**(SEARCH if kind == "searched" else FIXED), "ranks": [1, 2]}
    out = tmp_path / "cv"
    given = json.dumps([str(recording), str(out), keywords])
    process = subprocess.Popen([sys.executable, "-c", KILLED, given])

    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in out.glob("jobs/[!.]*")}

    while len(kept()) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = kept()
    assert len(before) == 3 and not (out / "summary.json").exists()
    executor = Inline()
    assert is_same(cross_validate(recording, **keywords, out=out, executor=executor), expected)
    assert executor.jobs == len(expected.jobs) - 3
    after = kept()
    assert len(after) == len(expected.jobs) and before.items() <= after.items()
    for name in ("summary.json", "plan.json", "held_out_loss.svg"):
        assert (out / name).read_text() == (expected.folder / name).read_text()


def test_the_folder_is_that_of_the_command_line(
    recording: Path, fixed: Told, tmp_path: Path
) -> None:
    out = tmp_path / "cv"
    shutil.copytree(fixed.folder, out)
    (out / "summary.json").unlink()
    executor = Inline()
    found = cross_validate(recording, **FIXED, out=out, executor=executor)
    assert is_same(found, fixed) and executor.jobs == 0
    # What this package keeps the command takes.
    shutil.rmtree(out)
    cross_validate(recording, **FIXED, out=out)
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "jobs").iterdir()}
    assert fixed.printed.split("\nResults")[0] in command(
        "cv", recording, *FIXED_OPTIONS, "--out", out
    )
    assert kept == {path.name: path.stat().st_mtime_ns for path in (out / "jobs").iterdir()}
    with pytest.raises(ValueError, match="holds fits of another recording or with other settings"):
        cross_validate(recording, **{**FIXED, "iterations": 11}, out=out)


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(OSError, match="test_fit_cross_validation.py: cannot be made"):
        cross_validate(oscillation(), **FIXED, out=__file__)


def test_after_an_interrupt_the_folder_is_free(recording: Path, fixed: Told, tmp_path: Path) -> None:
    class Interrupted(Inline):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(fn, *args, **kwargs)
            if self.jobs == 3:
                future = Future()
                future.set_exception(KeyboardInterrupt())
            return future

    # Who holds the exception holds all that was there when it was raised.
    with pytest.raises(KeyboardInterrupt) as held:
        cross_validate(recording, **FIXED, out=tmp_path, executor=Interrupted())
    assert is_same(cross_validate(recording, **FIXED, out=tmp_path), fixed)
    assert held.tb is not None


def test_the_table_and_the_verdict_say_what_the_summary_says(recording: Path) -> None:
    pandas = pytest.importorskip("pandas")
    found = cross_validate(recording, **SEARCH)
    summary = found.to_dict()
    assert isinstance(found.table, pandas.DataFrame)
    assert list(found.table["rank"]) == [1, 2]
    assert list(found.table["loss"]) == [size["mean"] for size in summary["ranks"]]
    assert found.table.loc[found.table["chosen"], "rank"].tolist() == [found.rank]
    models = found.comparisons.set_index("model")
    assert models.loc["constant", "worse_by"] == summary["comparisons"]["constant"]["excess"]
    assert models.loc["low_tensor_rank", "loss"] == summary["search"]["low_tensor_rank"]["mean"]
    verdict = found.verdict
    assert verdict.changing_weights in ("needed", "not-needed", "undecided")
    assert verdict.difference == summary["verdict"]["difference"]
    assert verdict.stable == tuple(summary["verdict"]["stable"])
    assert verdict.of_trials == (True, False, False)
    html = found._repr_html_()
    assert "Tensor rank" in html and "<td>constant</td>" in html
    assert repr(found).startswith("<CrossValidationSummary: tensor rank")


def test_the_plot(recording: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    found = cross_validate(recording, **FIXED)
    axes = found.plot()
    assert axes.get_title() == f"tensor rank {found.rank} chosen"
    assert "CP of the activity" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(axes.get_legend().get_texts()) == 1 + len(found.to_dict()["comparisons"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ranks": []}, "ranks is empty"),
        ({"ranks": [0]}, "expected numbers such as 1..8"),
        ({"ranks": [5], "units": [4]}, "rank"),
        ({"folds": 1}, "--folds is 1, expected 2 to"),
        ({"length": 3.0}, "--fixed"),
        ({"fixed": True, "grid": GRID}, "--grid is given with --fixed"),
        ({"fixed": True, "permutations": 5}, "--permutations"),
        ({"grid": {"initial": []}}, "--grid"),
        ({"grid": {**GRID, "lengths": [1]}}, "unknown field `lengths`"),
        ({"split": "trials"}, "invalid value 'trials'"),
        ({"colour": 3}, "no option is called 'colour', expected one of"),
        ({"part": "1/2"}, "no option is called 'part'"),
        ({"held_out": 0}, "--held-out is 0"),
        ({"condition": [1, 2]}, '"condition" holds 2 numbers'),
    ],
)
def test_wrong_options_get_the_sentence_of_the_command_line(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        cross_validate(oscillation(), **options)
    assert len(str(caught.value).splitlines()) == 1


def test_an_interrupt_ends_a_cross_validation() -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        cross_validate(
            oscillation(), fixed=True, iterations=1_000_000, patience=1_000_000, units=[50]
        )


def test_what_a_job_raises_is_raised() -> None:
    class Broken(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(ConnectionError("the machine is gone"))
            return future

    with pytest.raises(ConnectionError, match="the machine is gone"):
        cross_validate(oscillation(), **FIXED, executor=Broken())
