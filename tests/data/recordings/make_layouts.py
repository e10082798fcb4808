"""Writes the layouts of spikes, trials and tables that recordings come in.

    pip install numpy==2.4.6 scipy==1.17.1 h5py==3.16.0 pynwb==4.2.0
    python tests/data/recordings/make_layouts.py

In bin t (0.1 s) of trial k neuron n has count(n, t, k) spikes, at 0.02 s, 0.04 s, ... after the start
of the bin. Trials start at 2 + 3 k s.
"""

import datetime
from pathlib import Path

import h5py
import numpy as np
import scipy.io
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ecephys import ElectricalSeries

HERE = Path(__file__).parent
NEURONS, BINS, TRIALS = 4, 6, 5
TARGETS = ["left", "right", "left", "up", "right"]
START = [2.0 + 3.0 * k for k in range(TRIALS)]
# The bin of each trial in which its cue comes, from 0.
CUE = [2, 3, 4, 2, 3]


def count(n, t, k):
    """Spikes of neuron n in bin t of trial k, as in make_recordings.py."""
    return (3 * n + 2 * t + k) % 5


def of_trial(n, k):
    """Spike times on the clock of the trial."""
    bins = range(BINS)
    return np.array([0.1 * t + 0.02 * (j + 1) for t in bins for j in range(count(n, t, k))])


def of_session(n):
    """Spike times on the clock of the session."""
    return np.concatenate([START[k] + of_trial(n, k) for k in range(TRIALS)])


def cells(rows, columns, element):
    array = np.empty((rows, columns), dtype=object)
    for i in range(rows):
        for j in range(columns):
            array[i, j] = element(i, j)
    return array


def numpy_file():
    times = np.concatenate([of_session(n) for n in range(NEURONS)])
    ids = np.concatenate([[10 * n] * len(of_session(n)) for n in range(NEURONS)])
    order = np.argsort(times, kind="stable")
    # A continuous array of 30 bins of 0.1 s: 2 that are no trial, then 4 trials of 7 bins.
    bins = np.arange(30)
    within = (bins - 2) % 7
    np.savez_compressed(
        HERE / "layouts.npz",
        spike_times=times[order],
        spike_clusters=ids[order],
        spike_samples=np.round(30000 * times[order]).astype("int64")[:, None],
        spike_ms=1000 * times[order],
        spike_names=np.array(["a", "b", "c", "d"])[ids[order] // 10],
        start=np.array(START),
        intervals=np.stack([START, np.array(START) + 0.6], axis=1),
        good=np.array([True, False, True, False]),
        continuous=np.stack([bins + 100 * n for n in range(NEURONS)]),
        # On for three bins at the start of each trial.
        flag=(bins >= 2) & (within < 3),
        # Changes within the trial: 0 for two bins, then the number of the trial.
        cue=np.where(within < 2, 0, (bins - 2) // 7 + 1),
    )


def matlab_v5():
    trials = np.zeros((1, TRIALS), dtype=[(f, object) for f in ["spikes", "target", "dur", "go"]])
    data_fields = ["bin_size", "idx_goCueTime", "M1_spikes", "target"]
    trial_data = np.zeros((TRIALS, 1), dtype=[(f, object) for f in data_fields])
    for k in range(TRIALS):
        trials[0, k]["spikes"] = cells(1, NEURONS, lambda _, n, k=k: of_trial(n, k)[None, :])
        trials[0, k]["target"] = TARGETS[k]
        trials[0, k]["dur"] = 0.6 if k else 0.4
        trials[0, k]["go"] = 0.1 * k
        counts = [[count(n, t, k) for n in range(NEURONS)] for t in range(BINS)]
        trial_data[k, 0]["bin_size"] = 0.1
        trial_data[k, 0]["idx_goCueTime"] = float(CUE[k] + 1) if k != 3 else np.nan
        trial_data[k, 0]["M1_spikes"] = np.array(counts, dtype="uint8")
        trial_data[k, 0]["target"] = TARGETS[k]
    variables = {f"sig{n:03}a": of_session(n)[:, None] for n in range(NEURONS)}

    def course(k, n):
        return np.array([[count(n, t, k)] for t in range(BINS)], dtype="float64")

    scipy.io.savemat(
        HERE / "layouts.mat",
        {
            "spk": cells(TRIALS, NEURONS, lambda k, n: of_trial(n, k)[None, :]),
            "by_neuron": cells(NEURONS, TRIALS, lambda n, k: of_trial(n, k)[None, :]),
            "courses": cells(TRIALS, NEURONS, course),
            "trials": trials,
            "trial_data": trial_data,
            "start": np.array(START)[:, None],
            **variables,
        },
        do_compression=True,
        long_field_names=True,
    )


def matlab_v73():
    """A cell array of trials by neurons, which HDF5 shows with its axes reversed."""
    path = HERE / "layouts_v73.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")
        spikes = np.empty((NEURONS, TRIALS), dtype=h5py.ref_dtype)
        for n in range(NEURONS):
            for k in range(TRIALS):
                dataset = refs.create_dataset(f"c{n}{k}", data=of_trial(n, k)[:, None])
                dataset.attrs["MATLAB_class"] = np.bytes_("double")
                spikes[n, k] = dataset.ref
        file.create_dataset("spk", data=spikes).attrs["MATLAB_class"] = np.bytes_("cell")
    header = b"MATLAB 7.3 MAT-file, written by h5py for a test".ljust(116)
    with open(path, "r+b") as file:
        file.write(header + bytes(8) + b"\x00\x02IM")


def hdf5():
    with h5py.File(HERE / "layouts.h5", "w") as file:
        # By letters 10 comes before 2.
        for n, name in enumerate(["1", "2", "3", "10"]):
            file[f"units/{name}/times"] = of_session(n)
        file["start"] = np.array(START)


def nwb():
    """Trials of 1 s from 1 s on, 1.7 s apart; nothing that counts from 10 to 13 s."""
    file = NWBFile(
        session_description="what the standard says of numbers",
        identifier="rankproof",
        session_start_time=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    )
    file.add_acquisition(TimeSeries(name="ramp", data=np.arange(200.0), unit="a", rate=10.0))
    device = file.create_device("probe")
    group = file.create_electrode_group("group", "of two", "M1", device)
    for _ in range(2):
        file.add_electrode(location="M1", group=group)
    electrodes = file.create_electrode_table_region([0, 1], "both")
    volts = ElectricalSeries(
        name="volts",
        data=np.arange(200, dtype="int16")[:, None] + np.array([0, 1000], dtype="int16"),
        electrodes=electrodes,
        rate=10.0,
        conversion=1e-6,
        channel_conversion=np.array([1.0, 3.0]),
        offset=0.5,
    )
    file.add_acquisition(volts)
    assert volts.get_data_in_units()[7, 1] == 1007 * (1e-6 * 3.0) + 0.5
    # A spike each 10 ms, from 0 to 20 s.
    file.add_unit(spike_times=np.arange(2000) / 100)
    file.add_invalid_time_interval(start_time=10.0, stop_time=13.0)
    for k in range(8):
        file.add_trial(start_time=round(1 + 1.7 * k, 3), stop_time=round(2 + 1.7 * k, 3))
    side = np.array([0, 1, 2, 0, 1, 2, 0, 1], dtype="uint8")
    file.trials.add_column("side", "where", data=side, enum=["L", "R", "both"])
    # Two tags of the first trial and none of the second, so that their number is that of trials.
    tags = ["a", "b", "a", "b", "a", "b", "a", "b"]
    file.trials.add_column("kind", "of some", data=tags, index=[2, 2, 3, 4, 5, 6, 7, 8])
    with NWBHDF5IO(HERE / "layouts.nwb", "w") as io:
        io.write(file, cache_spec=False)


numpy_file()
matlab_v5()
matlab_v73()
hdf5()
nwb()
