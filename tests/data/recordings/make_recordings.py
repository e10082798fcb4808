"""Writes the small recordings of this folder by the libraries that write real ones.

    pip install numpy==2.4.6 scipy==1.17.1 h5py==3.16.0 pynwb==4.2.0
    python tests/data/recordings/make_recordings.py

The numbers follow formulas, which the tests repeat: see README.md. NWB files hold random
identifiers and the time of writing, so that their bytes differ from run to run.
"""

import datetime
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import scipy.io
from hdmf.backends.hdf5.h5_utils import H5DataIO
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.epoch import TimeIntervals
from pynwb.ophys import Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries

HERE = Path(__file__).parent
NEURONS, BINS, TRIALS = 4, 6, 5
LENGTHS = [6, 4, 6, 5, 3]
TARGETS = ["left", "right", "left", "up", "right"]


def count(n, t, k):
    """Spikes of neuron n in bin t of trial k, the same in all formats."""
    return (3 * n + 2 * t + k) % 5


def counts(missing):
    """(neuron, bin, trial), with the marker past the end of a trial."""
    full = np.full((NEURONS, BINS, TRIALS), missing)
    for k in range(TRIALS):
        for t in range(LENGTHS[k]):
            for n in range(NEURONS):
                full[n, t, k] = count(n, t, k)
    return full


def trial(k):
    """(bin, neuron) of one trial."""
    return np.array([[count(n, t, k) for n in range(NEURONS)] for t in range(LENGTHS[k])])


def numpy_files():
    np.savez_compressed(
        HERE / "counts.npz",
        counts=counts(-1).astype("int16"),
        by_trial=np.moveaxis(counts(np.nan), 2, 0).copy(),
        target=np.array(TARGETS),
        label=np.array(TARGETS, dtype="S"),
        block=np.array([1, 1, 2, 2, 2]),
        trial_id=np.array([10, 11, 14, 20, 21]),
        reward=np.array([True, False, True, True, False]),
        bin_s=np.float32(0.05),
    )
    np.save(HERE / "fortran.npy", np.asfortranarray(counts(np.nan)))


def matlab_v5(name, compressed):
    trials = np.zeros((1, TRIALS), dtype=[(f, object) for f in ["id", "counts", "type", "target"]])
    for k in range(TRIALS):
        trials[0, k]["id"] = float(10 + k)
        # A trial in which nothing was recorded.
        trials[0, k]["counts"] = trial(k).astype("uint8") if k != 3 else np.zeros((0, 0))
        trials[0, k]["type"] = "baseline" if k < 2 else "adaptation"
        trials[0, k]["target"] = np.array([np.cos(k), np.sin(k)])[:, None]
    spikes = np.empty((1, NEURONS), dtype=object)
    for n in range(NEURONS):
        spikes[0, n] = np.array([0.1 * n + 0.25 * i for i in range(4 * n)])
    nested = np.empty((2, 2), dtype=object)
    nested[0, 0], nested[0, 1] = "text", np.array([[1, 2, 3]], dtype="int32")
    nested[1, 0], nested[1, 1] = spikes, {"deep": {"deeper": -1.5}}
    scipy.io.savemat(
        HERE / name,
        {
            "trials": trials,
            "spikes": spikes,
            "nested": nested,
            "good": np.array([[1, 3, 4]], dtype="uint8"),
            "matrix": np.arange(6, dtype="float64").reshape(2, 3),
            "cube": np.arange(24, dtype="int16").reshape(2, 3, 4),
            "single": np.float32([[0.5, -2.5]]),
            "flags": np.array([[True, False, True]]),
            "rows": np.array(["left ", "right"]),
            "unicode": "Größe π",
            "complex": np.array([[1 + 2j]]),
            "sparse": scipy.sparse.csc_matrix(np.eye(3)),
            "empty": np.zeros((0, 3)),
            "go_time": np.array([[1.0, 2.0, 3.5]]),
        },
        do_compression=compressed,
        long_field_names=True,
    )


def matlab_v73():
    """As MATLAB writes it: axes reversed, text as UTF-16, cells and structs by reference."""
    path = HERE / "session_v73.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")

        def put(group, name, value, matlab_class):
            dataset = group.create_dataset(name, data=value)
            dataset.attrs["MATLAB_class"] = np.bytes_(matlab_class)
            return dataset

        def text(group, name, string):
            units = np.frombuffer(string.encode("utf-16-le"), "uint16")[:, None]
            dataset = put(group, name, units, "char")
            dataset.attrs["MATLAB_int_decode"] = np.int32(2)
            return dataset

        def references(group, name, targets):
            data = np.array([[target.ref for target in targets]], dtype=h5py.ref_dtype)
            return group.create_dataset(name, data=data.T)

        def empty(group, name):
            dataset = put(group, name, np.array([0, 0], dtype="uint64"), "double")
            dataset.attrs["MATLAB_empty"] = np.uint8(1)
            return dataset

        trials = file.create_group("trials")
        trials.attrs["MATLAB_class"] = np.bytes_("struct")
        for field in ["id", "counts", "type"]:
            targets = []
            for k in range(TRIALS):
                name = f"{field}{k}"
                if field == "id":
                    targets.append(put(refs, name, [[10.0 + k]], "double"))
                elif field == "counts" and k == 3:
                    targets.append(empty(refs, name))
                elif field == "counts":
                    targets.append(put(refs, name, trial(k).T.astype("float64"), "double"))
                else:
                    targets.append(text(refs, name, "baseline" if k < 2 else "adaptation"))
            references(trials, field, targets)
        spikes = [
            put(refs, f"s{n}", np.array([[0.1 * n + 0.25 * i for i in range(4 * n)]]), "double")
            if n
            else empty(refs, "s0")
            for n in range(NEURONS)
        ]
        references(file, "spikes", spikes).attrs["MATLAB_class"] = np.bytes_("cell")
        group = file.create_group("settings")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        text(group, "monkey", "Größe")
        put(group, "good", np.array([[1], [3], [4]], dtype="uint8"), "double")
        put(group, "flags", np.array([[1], [0]], dtype="uint8"), "logical")
        matrix = np.arange(6, dtype="float64").reshape(2, 3).T
        dataset = file.create_dataset("matrix", data=matrix, chunks=(3, 1), compression="gzip")
        dataset.attrs["MATLAB_class"] = np.bytes_("double")
        table = put(file, "table", np.array([[1, 2, 3]], dtype="uint32"), "table")
        table.attrs["MATLAB_object_decode"] = np.int32(3)
    header = b"MATLAB 7.3 MAT-file, written by h5py for a test".ljust(116)
    with open(path, "r+b") as file:
        file.write(header + bytes(8) + b"\x00\x02IM")


def spike_times(unit):
    """Of unit u the spikes 0.05 + 0.3 i + 0.01 u, i < 10 + 5 u; unit 2 is silent."""
    return [] if unit == 2 else [0.05 + 0.3 * i + 0.01 * unit for i in range(10 + 5 * unit)]


def nwb():
    file = NWBFile(
        session_description="a small session",
        identifier="rankproof",
        session_start_time=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    )
    file.add_unit_column("location", "where the unit was recorded")
    for unit in range(NEURONS):
        file.add_unit(
            id=100 + unit,
            spike_times=spike_times(unit),
            obs_intervals=[[0.0, 3.0], [4.0, 10.0]],
            location=["M1", "PMd"][unit % 2],
        )
    file.add_trial_column("target", "where to reach")
    file.add_trial_column("success", "whether it was reached")
    file.add_trial_column("go_time", "when to reach")
    for k in range(TRIALS):
        go = np.nan if k == 3 else 1.0 + 1.5 * k + 0.2
        file.add_trial(
            start_time=1.0 + 1.5 * k,
            stop_time=1.0 + 1.5 * k + 0.2 * LENGTHS[k],
            target=TARGETS[k],
            success=bool(k % 2 == 0),
            go_time=go,
        )
    # In the order of conditions, not of time.
    blocks = TimeIntervals(name="blocks", description="a table by another name")
    for start in [6.0, 2.0, 4.0]:
        blocks.add_interval(start_time=start, stop_time=start + 1.0)
    file.add_time_intervals(blocks)
    times = np.concatenate([0.1 * np.arange(60), 0.1 * np.arange(60) + 8.0])
    series = []
    for n in range(3):
        data = H5DataIO(n + np.arange(120) / 10.0, compression="gzip", chunks=(50,))
        # The second and third share the times of the first, by a link.
        stamps = series[0] if series else times
        series.append(TimeSeries(f"cell_{n:02}", data=data, unit="dF/F", timestamps=stamps))
        file.add_acquisition(series[-1])
    file.add_acquisition(
        TimeSeries(
            "speed",
            data=np.arange(40, dtype="int16"),
            unit="m/s",
            conversion=0.01,
            starting_time=2.0,
            rate=20.0,
        )
    )
    device = file.create_device("microscope")
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel("green", "GFP", 500.0),
        description="a plane",
        device=device,
        excitation_lambda=600.0,
        indicator="GCaMP",
        location="M1",
    )
    segmentation = ImageSegmentation()
    table = segmentation.create_plane_segmentation("regions", plane, "of cells")
    for n in range(3):
        table.add_roi(pixel_mask=[(n, n, 1.0)])
    module = file.create_processing_module("ophys", "fluorescence")
    module.add(segmentation)
    data = np.arange(120)[:, None] / 10.0 + np.arange(3)
    module.add(
        Fluorescence(
            roi_response_series=RoiResponseSeries(
                name="RoiResponseSeries",
                data=H5DataIO(data, compression="gzip", chunks=(40, 2)),
                unit="dF/F",
                rois=table.create_roi_table_region("all", region=[0, 1, 2]),
                timestamps=times,
            )
        )
    )
    with NWBHDF5IO(HERE / "session.nwb", "w") as io:
        io.write(file, cache_spec=False)


def hdf5():
    with h5py.File(HERE / "plain.h5", "w", libver="latest", userblock_size=512) as file:
        data = counts(np.nan)
        activity = file.create_dataset(
            "a/activity", data=data, chunks=(2, 4, 3), compression="gzip", shuffle=True
        )
        activity.attrs["unit"] = "spikes"
        file["a/big"] = np.arange(6, dtype=">i4").reshape(2, 3)
        file["a/bool"] = np.array([True, False, True, True, False])
        file["a/fixed"] = np.array(TARGETS, dtype="S")
        file["a/heap"] = np.array(TARGETS, dtype=h5py.string_dtype())
        file["a/record"] = np.array([(1, 2.5)], dtype=[("x", "i4"), ("y", "f8")])
        file["a/nothing"] = np.zeros((0, 3))
        file["a/wide"] = np.array([[2**63, 1]], dtype="uint64")
        file["a/inexact"] = np.array([2**53 + 1], dtype="uint64")
        file["b/soft"] = h5py.SoftLink("/a")
        file["b/dangling"] = h5py.SoftLink("/nowhere")
        file["a/up"] = h5py.SoftLink("/")
        for i in range(30):
            file[f"many/trial_{i}"] = np.float32(i)


def bad_files():
    bad = HERE / "bad"
    with h5py.File(bad / "nwb1.nwb", "w") as file:
        file["nwb_version"] = np.bytes_("NWB-1.0.6")
        file.create_group("units")
    with h5py.File(bad / "index_past_data.nwb", "w") as file:
        file.attrs["nwb_version"] = "2.2.2"
        units = file.create_group("units")
        units["id"] = np.arange(2)
        units["spike_times"] = np.arange(10.0)
        units["spike_times_index"] = np.array([400, 987786], dtype="uint32")
        table = file.create_group("intervals/trials")
        table["start_time"], table["stop_time"] = np.arange(3.0), np.arange(3.0) + 1
    with h5py.File(bad / "absurd.h5", "w") as file:
        shape = (1 << 20, 1 << 20, 64)
        file.create_dataset("counts", shape, "float64", chunks=(64, 64, 64), compression="gzip")
        file["fine"] = np.arange(3.0)
    np.savez(
        bad / "empty_trials.npz",
        nan=np.full((2, 3, 4), np.nan),
        none=np.zeros((2, 3, 0)),
        bin_s=0.1,
        two=np.zeros((2, 3)),
    )

    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    header = b"MATLAB 5.0 MAT-file, by hand for a test".ljust(124) + b"\x00\x01IM"
    flags = element(6, struct.pack("<II", 6, 0))
    name = element(1, b"counts")
    # A compressed variable whose tag claims 4 GB, and one whose axes claim 2^93 numbers.
    inside = flags + element(5, struct.pack("<ii", 1, 2)) + name + element(9, bytes(16))
    claim = zlib.compress(struct.pack("<II", 14, 0xFFFF_FFF0) + inside)
    (bad / "absurd_length.mat").write_bytes(header + struct.pack("<II", 15, len(claim)) + claim)
    axes = element(5, struct.pack("<iii", *[2**31 - 1] * 3))
    inside = flags + axes + name + element(9, bytes(16))
    claim = zlib.compress(element(14, inside))
    (bad / "absurd_axes.mat").write_bytes(header + struct.pack("<II", 15, len(claim)) + claim)
    # A cell in a cell in a cell ..., deeper than anything is read.
    inside = b""
    for _ in range(300):
        cell = element(6, struct.pack("<II", 1, 0)) + element(5, struct.pack("<ii", 1, 1))
        inside = element(14, cell + element(1, b"c") + inside)
    (bad / "deep.mat").write_bytes(header + inside)


numpy_files()
matlab_v5("session_v7.mat", True)
matlab_v5("session_v6.mat", False)
matlab_v73()
nwb()
hdf5()
bad_files()
