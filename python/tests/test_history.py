"""Weights that are written to disk as they come."""

import gc

import numpy as np
import pytest
from conftest import same, walk

import rankproof

W = walk()


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4", "<i4"])
def test_a_history_is_what_was_appended(dtype, command_line, tmp_path):
    array = (10 * W).astype(dtype)
    history = rankproof.History(tmp_path / "h.npy")
    for matrix in array:
        history.append(np.asfortranarray(matrix))
        # The file is whole after every matrix.
        assert np.array_equal(np.load(history.path), array[: len(history)])
    assert np.array_equal(history.weights, array)
    assert same(history.report(), command_line(history.path))
    assert history.report().to_json() == rankproof.rank(array).to_json()


def test_steps_have_numbers(tmp_path):
    history = rankproof.History()
    for number, matrix in enumerate(W):
        history.append(matrix, step=10 * number)
    history.append(W[0])
    assert history.steps == [0, 10, 20, 30, 40, 50, 60, 61]
    expected = rankproof.rank([*W, W[0]], steps=history.steps)
    assert history.report().to_json() == expected.to_json()
    history.save(tmp_path / "copy.npy")
    assert np.load(tmp_path / "copy.npy").shape == (8, 9, 7)


def test_a_temporary_file_goes_with_its_history():
    history = rankproof.History()
    history.append(W[0])
    path = history.path
    assert path.exists()
    del history
    gc.collect()
    assert not path.parent.exists()


def test_what_is_no_next_matrix_is_refused(tmp_path):
    history = rankproof.History()
    with pytest.raises(ValueError, match="0 of the weights"):
        history.report()
    with pytest.raises(ValueError, match=r"W_0: has shape \(7,\), expected 2 axes"):
        history.append(W[0, 0])
    history.append(W[0])
    with pytest.raises(ValueError, match=r"W_1 has shape \(9, 6\), expected \(9, 7\) as of W_0"):
        history.append(W[0, :, 1:])
    with pytest.raises(ValueError, match="W_1: is of float32, expected float64 as W_0"):
        history.append(W[0].astype("f4"))
    with pytest.raises(ValueError, match="step: is 0, expected one after 0"):
        history.append(W[0], step=0)
    with pytest.raises(ValueError, match="expected a name that ends so"):
        rankproof.History(tmp_path / "h.npz")
    assert len(history) == 1 and np.array_equal(history.weights, W[:1])


def test_arrays_of_jax_are_arrays():
    jax = pytest.importorskip("jax", reason="passed over: there is no JAX")
    for dtype in (jax.numpy.float32, jax.numpy.bfloat16, jax.numpy.float16):
        weights = jax.numpy.asarray(W, dtype)
        history = rankproof.History()
        for matrix in weights:
            history.append(matrix)
        report = rankproof.rank(weights)
        assert history.report().to_json() == report.to_json()
        assert report.to_json() == rankproof.rank(list(weights)).to_json()
        assert report.to_json() == rankproof.rank(np.asarray(weights)).to_json()
        assert report.precision.array == weights.dtype.name
    with pytest.raises(TypeError, match="^W_0: The numpy.ndarray conversion method __array__"):
        # Within a function that is compiled there are no numbers.
        jax.jit(rankproof.History().append)(weights[0])


def test_bfloat16_is_kept():
    torch = pytest.importorskip("torch", reason="there is no torch")
    history = rankproof.History()
    tensors = [torch.from_numpy(matrix).to(torch.bfloat16) for matrix in W]
    for tensor in tensors:
        history.append(tensor)
    assert history.report().to_json() == rankproof.rank(tensors).to_json()
    assert history.report().precision.array == "bfloat16"


def test_whatever_can_be_an_array_is_taken():
    class Own:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return self.values

    history = rankproof.History()
    for matrix in W:
        history.append(Own(matrix))
    assert history.report().to_json() == rankproof.rank(W).to_json()
