"""Writes the files of this folder, which are small and stand for something large.

    pip install h5py numpy; python make_hostile.py
"""

from pathlib import Path

import h5py
import numpy

HERE = Path(__file__).parent


def matlab(name, write):
    """A file of MATLAB v7.3: HDF5 behind a block that says so."""
    with h5py.File(HERE / name, "w", userblock_size=512) as file:
        write(file)
    with open(HERE / name, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def cells(group, name, count):
    """Cells that refer to nothing; no reference is stored."""
    found = group.create_dataset(name, (1, count), dtype=h5py.ref_dtype)
    found.attrs["MATLAB_class"] = numpy.bytes_("cell")
    return found


def many_cells(file):
    large = cells(file.create_group("#refs#"), "large", 8_000_000)
    cells(file, "cells", 50)[0, :] = numpy.array([large.ref] * 50, dtype=h5py.ref_dtype)


def doubling(file):
    """18 groups, of which each has two links to the next: 2^18 paths."""
    at = file
    for _ in range(18):
        below = at.create_group("a")
        at["b"] = below
        at = below
    at["x"] = numpy.arange(3.0)


def many_links(file):
    data = file.create_dataset("data", data=numpy.arange(3.0))
    for number in range(60):
        data.attrs[f"attribute {number}"] = float(number)
    for number in range(4000):
        file[f"link {number}"] = data


def unstored_index(file):
    """An NWB table of units with 60 million lists, of which no byte is stored."""
    file.attrs["nwb_version"] = "2.6.0"
    units = file.create_group("units")
    units.attrs["neurodata_type"] = "Units"
    units.attrs["colnames"] = ["spike_times"]
    units["id"] = numpy.arange(3)
    units["spike_times"] = numpy.arange(5.0)
    units.create_dataset("spike_times_index", (60_000_000,), dtype="u1")
    file.create_group("intervals/trials")["start_time"] = numpy.arange(3.0)


def same_names(file):
    """Two links whose names are other bytes and the same text, if bytes are taken for Latin-1."""
    file["µ"] = numpy.array([1.0])
    file[b"\xb5"] = numpy.array([2.0])


matlab("cells.mat", lambda file: cells(file, "cells", 8_000_000))
matlab("cells_of_cells.mat", many_cells)
for name, write in [
    ("doubling.h5", doubling),
    ("many_links.h5", many_links),
    ("unstored_index.nwb", unstored_index),
    ("unstored_text.h5", lambda file: file.create_dataset("text", (60_000_000,), dtype="S1")),
    ("same_names.h5", same_names),
]:
    with h5py.File(HERE / name, "w", libver="latest") as file:
        write(file)
