"""Ranks of arrays and files are those of the command line."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import same, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import rankproof
from rankproof import _native

W = walk()

TYPES = ["<f2", "<f4", "<f8", ">f4", ">f8", "<i2", ">i4", "u1", "?"]


@st.composite
def views(draw):
    """Arrays of every type and order, and with every sign and size of strides."""
    shape = draw(st.tuples(st.integers(2, 4), st.integers(1, 5), st.integers(1, 5)))
    strides = [draw(st.sampled_from([1, -1, 2, -2])) for _ in shape]
    whole = tuple(length * abs(stride) for length, stride in zip(shape, strides))
    kind = np.dtype(draw(st.sampled_from(TYPES)))
    elements = st.floats(-8, 8, width=16) if kind.kind == "f" else None
    array = draw(arrays.arrays(kind, whole, elements=elements))
    array = np.asarray(array, order=draw(st.sampled_from("CF")))
    return array[tuple(slice(None, None, stride) for stride in strides)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(views())
def test_order_and_strides_do_not_turn_the_answer(array):
    plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="))
    assert rankproof.rank(array).to_json() == rankproof.rank(plain).to_json()
    assert rankproof.rank(list(array)).to_json() == rankproof.rank(plain).to_json()


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(views())
def test_any_array_has_the_json_of_the_command_line(command_line, saved, array):
    assert same(rankproof.rank(array), command_line(saved(array)))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("keywords", [{}, {"delta": True}, {"split": 3}, {"precision": "bf16"}])
def test_options_have_the_json_of_the_command_line(command_line, saved, dtype, keywords):
    array = walk(dtype=dtype)
    flags = [f"--{name}" if value is True else f"--{name}={value}" for name, value in keywords.items()]
    text = command_line(saved(array), *flags)
    assert same(rankproof.rank(array, **keywords), text)
    assert same(rankproof.rank(saved(array), **keywords), text)


def test_channels_have_the_json_of_the_command_line(command_line, tmp_path):
    random = np.random.default_rng(3)
    B, C, b = random.normal(size=(8, 2)), random.normal(size=(1, 8)), random.normal(size=8)
    steps = [B @ random.normal(size=(2, 1)) @ C * k for k in range(5)]
    path = tmp_path / "w.npz"
    np.savez(path, W=np.array(steps), B=B, C=C, b=b)
    text = command_line(path, "--inputs=B,b", "--outputs=C")
    report = rankproof.rank(np.array(steps), inputs=[B, b], outputs=C)
    assert same(report, text)
    assert same(rankproof.rank(path, inputs=["B", "b"], outputs="C"), text)
    assert report.effective.theorems is not None and report.bounds


def test_checkpoints_have_the_json_of_the_command_line(command_line, tmp_path):
    array, numbers = walk(steps=3, dtype="f4"), [0, 10, 20, 100]
    for number, matrix in zip(numbers, array):
        np.savez(tmp_path / f"step{number}.npz", w=matrix, other=matrix[0])
    text = command_line(tmp_path)
    assert same(rankproof.rank(tmp_path), text)
    assert same(rankproof.rank(str(tmp_path / "step*.npz")), text)
    assert same(rankproof.rank([tmp_path / f"step{number}.npz" for number in numbers]), text)
    assert same(rankproof.rank(list(array), steps=numbers), text)


def test_all_matrices_of_checkpoints_have_a_row(tmp_path):
    for number in range(4):
        np.savez(tmp_path / f"{number}.npz", a=walk()[number], b=walk(seed=2)[number], c=number)
    found = rankproof.rank_table(tmp_path)
    assert [row["array"] for row in found.rows] == ["a", "b"] and "CP terms" in found.text
    one = rankproof.rank(tmp_path, array="b").effective
    assert found.rows[1]["rows_r95"] == one.rows.r95
    with pytest.raises(ValueError, match="^--array: is several names or a pattern"):
        rankproof.rank(tmp_path, array="*")


def test_bfloat16_of_torch_has_the_json_of_the_command_line(command_line, tmp_path):
    torch = pytest.importorskip("torch", reason="there is no torch")
    tensors = [torch.from_numpy(matrix).to(torch.bfloat16) for matrix in walk(rows=12, columns=12)]
    for number, tensor in enumerate(tensors):
        torch.save({"w": tensor}, tmp_path / f"{number}.pt")
    report = rankproof.rank(tensors, steps=range(len(tensors)))
    assert report.precision.array == "bfloat16"
    assert same(report, command_line(tmp_path))
    assert rankproof.rank(torch.stack(tensors)).effective == report.effective


def test_bfloat16_of_ml_dtypes_is_told():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="there is no ml_dtypes")
    report = rankproof.rank(walk(rows=12, columns=12).astype(ml_dtypes.bfloat16))
    assert (report.precision.array, report.precision.start) == ("bfloat16", "8 bits")


def test_exact_ranks_can_be_left_out(saved):
    report = rankproof.rank(W, exact=False)
    assert report.bounds is None and not report.to_dict()["exact_ranks_computed"]
    assert report.effective == rankproof.rank(W).effective
    assert rankproof.rank(saved(W), exact=False).to_json() == report.to_json()


def test_a_report_shows_what_it_found():
    report = rankproof.rank(walk(rows=12, columns=12, steps=20))
    assert report.sentence.startswith("2 CP terms hold 95 % of the movement")
    assert report.effective.rows.r95 == report.effective["rows"]["r95"] == 2
    assert report.cp.r95 == 2 and report.null.rows.r95[1] > 2
    assert {bound["theorem"] for bound in report.bounds} == {"subspace-tensor-rank"}
    assert report.sentence in str(report).replace("\n", " ")
    assert repr(report) == report.sentence
    assert "<td>CP terms</td>" in report._repr_html_() and report.shape == (21, 12, 12)
    # In brackets what the text has: of CP terms a lower bound.
    terms = next(line.split() for line in str(report).splitlines() if line.startswith("CP terms"))
    cells = " ".join(terms[2:]).replace(") ", ")|").split("|")
    assert len(cells) == 3 and all(cell.endswith("+)") for cell in cells), cells
    assert all(f"<td>{cell}</td>" in report._repr_html_().replace("&gt;", ">") for cell in cells)
    with pytest.raises(AttributeError, match="no 'r96', only participation_ratio"):
        report.effective.rows.r96


def test_gates_have_a_report_each():
    report = rankproof.rank(walk(rows=12), split=["i", "f", "g", "o"])
    whole = json.loads(report.to_json())
    assert [gate["gate"] for gate in whole["gates"]] == ["i", "f", "g", "o"] == list(report.gates)
    for gate, record in zip(report.gates.values(), whole["gates"]):
        assert gate.to_dict() == record
    assert report.effective.i.rows.r95 == report.gates["i"].effective.rows.r95
    first = rankproof.rank(walk(rows=12)[:, :3])
    assert first.effective == report.gates["i"].effective


def test_weights_that_do_not_move_are_told():
    report = rankproof.rank(np.ones((3, 4, 4)))
    assert report.sentence == "The weights did not move." and report.cp is None
    assert report._repr_html_()


def test_a_report_is_drawn():
    pytest.importorskip("matplotlib", reason="there is no matplotlib").use("Agg")
    assert len(rankproof.rank(walk()).plot().axes) == 2
    assert len(rankproof.rank(walk(), split=3).plot().axes) == 6
    assert len(rankproof.rank(np.ones((3, 4, 4))).plot().axes) == 2


NAN = np.where(W == W[4, 2, 3], np.nan, W)


@pytest.mark.parametrize(
    ("weights", "keywords", "sentence"),
    [
        ([], {}, "0 of the weights W_0, W_1, ... are given, expected at least 2"),
        (W[:1], {}, "1 of the weights W_0, W_1, ... are given, expected at least 2"),
        (W[:0], {}, "0 of the weights W_0, W_1, ... are given, expected at least 2"),
        (W[:, :0], {}, "W_0 has shape (0, 7), expected at least one row and one column"),
        (W[0], {}, "W: has 2 axes (9, 7), expected 3 (step, row, column)"),
        (W[0, 0], {}, "W: has 1 axis (7,), expected 3 (step, row, column)"),
        ([W[0], W[1, 0]], {}, "W_1: has 1 axis (7,), expected 2 (row, column)"),
        ([W[0], W[1, :5]], {}, "W_1 has shape (5, 7), expected (9, 7) as of W_0"),
        ([W[0], W[1].astype("f4")], {}, "W_1: is of float32, expected float64 as W_0"),
        (NAN, {}, "W_4 holds NaN at (2, 3), expected finite numbers"),
        (W, {"split": 2}, "W: has 9 rows, expected as many as split = 2 divides"),
        (W, {"split": 0}, "split: is 0, expected at least 1"),
        (W, {"split": ["a", "b", "a"]}, "split: has a name twice, expected a name for each gate"),
        (W, {"steps": [1, 2]}, "steps: are 2, expected 7, one for each of the weights"),
        (W, {"precision": "f8"}, "precision: expected f16, bf16, f32, f64, or digits from 1 to 17"),
        (W, {"inputs": W[0]}, "inputs and outputs go together, expected both or neither"),
        (
            W,
            {"inputs": np.ones((5, 2)), "outputs": np.ones((1, 9))},
            "inputs: has shape (5, 2), expected an axis of 9 neurons, as W has",
        ),
        (
            np.full((2, 2, 2), 2**60 + 1),
            {},
            "W: holds an integer beyond 2^53, of int64, which float64 does not tell from others",
        ),
        (
            np.ma.masked_less(W, 0),
            {},
            "W: has masked entries, expected numbers everywhere",
        ),
    ],
)
def test_what_is_no_history_is_refused(weights, keywords, sentence):
    with pytest.raises(ValueError) as refused:
        rankproof.rank(weights, **keywords)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("weights", [W.astype(complex), W.astype(object), W.astype(str), 3])
def test_what_holds_no_real_numbers_is_of_a_wrong_type(weights):
    with pytest.raises((TypeError, ValueError), match="W: "):
        rankproof.rank(weights)


def test_files_are_refused_as_by_the_command_line(tmp_path, saved):
    missing = tmp_path / "none.npz"
    with pytest.raises(FileNotFoundError, match=rf"^{missing}: does not exist$"):
        rankproof.rank(missing)
    with pytest.raises(FileNotFoundError, match="no file fits this pattern"):
        rankproof.rank(str(tmp_path / "*.pt"))
    with pytest.raises(ValueError, match="expected checkpoints|expected a file for each step"):
        rankproof.rank(tmp_path)
    with pytest.raises(ValueError, match=r'has no array "V"'):
        rankproof.rank(saved(W), array="V")
    with pytest.raises(ValueError, match="^invalid value '300' for '--split <GATES>'"):
        rankproof.rank(saved(W), split=300)
    with pytest.raises(TypeError, match="axes: is for files"):
        rankproof.rank(W, axes="step,row,column")


def test_progress_is_told_and_its_exceptions_are_raised():
    large = walk(steps=20, rows=80, columns=80)
    stages = []
    arguments = dict(
        gates=[], inputs=[], outputs=None, steps=None, increments=False, exact=None, precision=None
    )
    _native.rank_arrays(
        list(large), "float64", **arguments, progress=lambda *stage: stages.append(stage)
    )
    assert stages and all(done <= everything for _, done, everything in stages)

    def refuse(*_):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        _native.rank_arrays(list(large), "float64", **arguments, progress=refuse)


def test_threads_find_the_same():
    expected = rankproof.rank(W).to_json()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: rankproof.rank(W).to_json(), range(8)))
    assert found == [expected] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_finds_the_same():
    expected = rankproof.rank(W).to_json()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, rankproof.rank(W).to_json().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        found = pipe.read().decode()
    os.waitpid(child, 0)
    assert found == expected


INTERRUPTED = """
import contextlib, numpy, rankproof
from rankproof import _rank

@contextlib.contextmanager
def shown(progress):
    yield lambda *stage: print("working", flush=True)

_rank._shown = shown
random = numpy.random.default_rng(0)
weights = random.normal(size=(200, 400, 400)).cumsum(axis=0)
try:
    rankproof.rank(weights, exact=True)
    print("ended")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are others")
def test_an_interrupt_ends_the_work():
    import signal

    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    assert out.split()[-1] == "interrupted" and process.returncode == 0
