#!/usr/bin/env python3
"""Small files for the command-line tests: most are bad, two are valid but unusual.

    python tests/data/make_bad_files.py                 # writes bad/ next to this script
"""

import io
import zipfile
from pathlib import Path

import numpy as np

BAD = Path(__file__).resolve().parent / "bad"


def npy_header(descr, shape):
    """The bytes of an .npy file up to its data, whatever it claims."""
    buffer = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


def main():
    BAD.mkdir(exist_ok=True)
    rng = np.random.default_rng(7)
    W = rng.standard_normal((4, 3, 3))

    # Not archives, or broken ones.
    (BAD / "not_an_npz.npz").write_text("This is plain text, not a zip archive.\n")
    buffer = io.BytesIO()
    np.savez(buffer, W=W)
    whole = buffer.getvalue()
    (BAD / "truncated.npz").write_bytes(whole[: len(whole) * 6 // 10])
    with zipfile.ZipFile(BAD / "empty.npz", "w"):
        pass
    with zipfile.ZipFile(BAD / "huge_claim.npz", "w") as archive:
        archive.writestr("W.npy", npy_header("<f8", (100_000, 100_000, 100_000)) + bytes(16))

    # Good archives, contents of the wrong kind.
    with_nan = W.copy()
    with_nan[2, 1, 0] = np.nan
    np.savez(BAD / "nan.npz", W=with_nan)
    np.savez(BAD / "one_slice.npz", W=W[:1])
    np.savez(BAD / "not_square.npz", W=W[:, :, :2])
    np.savez(BAD / "two_dims.npz", W=W[:, :, 0])
    np.savez(BAD / "integers.npz", W=np.rint(10 * W).astype(np.int64))
    np.savez(BAD / "no_w.npz", weights=W)
    objects = np.empty((2, 2, 2), dtype=object)
    objects.fill("a string")
    np.savez(BAD / "objects.npz", W=objects)

    # Valid: W_k = W_0 + k x y^T, hence increments of rank 1 whose three
    # unfoldings have rank 1 as well.  All numbers are small multiples of 1/8,
    # so the same in every precision and the differences exact.
    W0 = rng.integers(-8, 9, (4, 4)) / 8
    x = np.array([1.0, -2.0, 0.5, 3.0])
    y = np.array([0.25, 1.0, -1.0, 2.0])
    V = W0 + np.arange(5)[:, None, None] * np.outer(x, y)
    np.savez(BAD / "fortran.npz", W=np.asfortranarray(V))
    np.savez(BAD / "big_endian.npz", W=V.astype(">f8"))


if __name__ == "__main__":
    main()
